"""Pages in states that no link leads to: axe finds nothing grave there either, and they fit a phone."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Headcount, SSOGroup, SSOUser
from identity.services import provider_contacts
from tests.browser.company import LONG, RIGHT_TO_LEFT
from tests.browser.idp import LiveIdP
from tests.browser.looks import looked_at
from tests.clients import new_idp
from tests.factories import administrator, make_group, make_user, map_group
from tests.scim.helpers import CORE_USER


def test_a_set_up_that_is_watched(owner_page: Page, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    provider_contacts.watch(okta.provider, actor=administrator())
    address = f"/admin/identity/identityprovider/{okta.provider.pk}/set_up/"
    owner_page.goto(address)
    assert looked_at(owner_page, f"{address} waiting") == []
    LiveIdP(live_server.url, provider=okta.provider, token="ghscim_half").get("/Users")
    okta.get(f"/Users?filter=userName%20eq%20%22{'long' * 40}%22")
    okta.push("ava.stone")
    expect(owner_page.get_by_text("Created Ava Stone").first).to_be_visible()
    assert looked_at(owner_page, f"{address} connected") == []


def test_a_mismatch_report_with_long_and_right_to_left_names(owner_page: Page) -> None:
    make_user("mia", email=f"{'long' * 40}@example.test")
    owner_page.goto("/admin/identity/conflict/mismatch_report/")
    names = "\n".join(["MIA", "mia@example.test", LONG.replace(" ", "."), RIGHT_TO_LEFT])
    owner_page.get_by_label("Paste userNames").fill(names)
    owner_page.get_by_role("button", name="Compare").click()
    expect(owner_page.get_by_role("heading", name="4 userNames compared")).to_be_visible()
    assert looked_at(owner_page, "mismatch report") == []


def test_a_record_with_everything_that_was_sent(owner_page: Page) -> None:
    new_idp("Okta").user(
        "ava.stone",
        title="long" * 200,
        nickName=RIGHT_TO_LEFT,
        emails=[{"value": f"{'a' * 60}@example.test", "type": "work", "primary": True}],
        **{CORE_USER.replace("core", "extension:enterprise"): {"department": LONG}},
    )
    owner_page.goto(f"/admin/identity/ssouser/{SSOUser.objects.get(user_name='ava.stone').pk}/change/")
    owner_page.get_by_text("800 characters").click()
    expect(owner_page.get_by_text("long" * 200)).to_be_visible()
    assert looked_at(owner_page, "record") == []


def test_a_dashboard_with_its_chart_open(owner_page: Page) -> None:
    Headcount.objects.all().delete()
    for days, enabled in ((29, 1_000_000), (10, 900_000)):
        day = timezone.now().date() - timedelta(days=days)
        Headcount.objects.create(day=day, invited=3, enabled=enabled, disabled=days)
    owner_page.goto("/admin/")
    owner_page.get_by_text("As a table").click()
    assert looked_at(owner_page, "dashboard") == []


def test_a_request_that_moved_people(owner_page: Page, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    group = okta.group("Engineering", [okta.user("ava.stone")])
    map_group(SSOGroup.objects.get(), make_group("Engineers"))
    assert okta.delete(f"/Groups/{group['id']}").status_code == 204
    owner_page.goto("/admin/identity/provisioninglog/")
    owner_page.get_by_role("link", name="Deleted group Engineering").click()
    expect(owner_page.get_by_role("heading", name="Who moved: 1 left, 0 joined")).to_be_visible()
    assert looked_at(owner_page, "request") == []
