"""One person with the reason for everything."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Conflict, Role, SSOGroup, User
from identity.services import users
from identity.services.provisioning import conflicts
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import OPERATOR, make_asset, make_group, make_user, map_group


def test_everything_about_a_person_and_what_made_it_so(owner_page: Page, live_server: LiveServer) -> None:
    page, okta = owner_page, LiveIdP(live_server.url)
    ava = okta.user("ava.stone")
    okta.group("Engineering", [ava])
    map_group(SSOGroup.objects.get(), make_group("Engineers"))
    okta.patch(f"/Users/{ava['id']}", {"op": "replace", "path": "userName", "value": "ava.reed"})
    user = User.objects.get(username="ava.stone")
    make_asset(user, "Wiki")
    page.goto(f"/admin/identity/user/{user.pk}/change/")
    expect(page.get_by_role("row", name="Username ava.reed ava.stone")).to_contain_text("Differs")
    expect(page.get_by_text("A username is permanent, so the portal keeps ava.stone")).to_be_visible()
    expect(page.get_by_role("row", name="Engineers Through the SSO group Engineering (Okta)")).to_be_visible()
    expect(page.get_by_role("link", name="Wiki")).to_be_visible()
    expect(page.get_by_text("Enabling and disabling users is not possible here while SCIM is on")).to_be_visible()
    expect(page.locator("#why").get_by_text("ava.reed was not taken over, ava.stone stays")).to_be_visible()
    expect(page.locator("#why").get_by_text("joined Engineers")).to_be_visible()
    page.get_by_role("row", name="was not taken over, ava.stone").get_by_role("link", name="PATCH User").press("Enter")
    expect(page.get_by_role("heading", name="Not taken over")).to_be_visible()


def test_the_trail_goes_back_to_the_beginning(owner_page: Page) -> None:
    mia = make_user("mia")
    users.disable_user(mia, actor=OPERATOR)
    for _ in range(12):
        users.enable_user(mia, actor=OPERATOR)
        users.disable_user(mia, actor=OPERATOR)
    owner_page.goto(f"/admin/identity/user/{mia.pk}/change/")
    expect(owner_page.locator("#why tbody tr")).to_have_count(20)
    owner_page.get_by_role("link", name="Earlier").press("Enter")
    expect(owner_page.locator("#why tbody tr")).to_have_count(5)
    expect(owner_page.get_by_role("link", name="Earlier")).to_have_count(0)


def test_a_linked_person_is_not_said_to_have_been_changed(page: Page, sign_in: SignIn, live_server: LiveServer) -> None:
    okta, mia = LiveIdP(live_server.url), make_user("mia", email="mia@private.example")
    okta.push("mia", "mia@corp.example")
    conflicts.link_conflict(Conflict.objects.get(), actor=OPERATOR)
    assert okta.push("mia", "mia@corp.example").status_code == 201
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/user/{mia.pk}/change/")
    expect(page.get_by_text("Email: Okta sends mia@corp.example, and an administrator linked that")).to_be_visible()
    expect(page.get_by_text("Disable: Enabling and disabling users is not possible here while SCIM")).to_be_visible()
    expect(page.get_by_text("Change role: Changing roles and break-glass flags needs the role owner.")).to_be_visible()


def test_an_administrator_does_nothing_to_an_owner_and_reads_why(page: Page, sign_in: SignIn) -> None:
    olga = make_user("olga", role=Role.OWNER)
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/user/{olga.pk}/change/")
    expect(
        page.get_by_text("Edit profile, Disable, End sessions: Only an owner may do this to an owner.")
    ).to_be_visible()
    for action in ("edit_profile", "disable", "end_sessions", "change_role", "mark_break_glass"):
        answer = page.goto(f"/admin/identity/user/{olga.pk}/{action}/")
        assert answer is not None
        assert answer.status == 403, action
        expect(page.get_by_role("alert")).to_contain_text("owner")


def test_the_actions_of_an_owner_work_by_keyboard(owner_page: Page) -> None:
    mia = make_user("mia")
    address = f"/admin/identity/user/{mia.pk}/change/"
    owner_page.goto(address)
    for link, button in (("Disable", "Disable"), ("Enable", "Enable")):
        owner_page.get_by_role("link", name=link, exact=True).press("Enter")
        owner_page.get_by_role("button", name=button).press("Enter")
        owner_page.wait_for_url(f"**{address}")
        expect(owner_page.get_by_text(f"mia is {link.lower()}d.")).to_be_visible()
