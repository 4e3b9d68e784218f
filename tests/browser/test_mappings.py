"""Mappings with a real browser beside the identity provider."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Group, Role, SSOGroup
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import make_group, make_user, map_group, members_of


def test_a_draft_is_looked_at_and_applied_by_somebody_else(owner_page: Page, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    okta.group("Engineering", [okta.user("ava.stone")])
    make_group("Engineers", make_user("leaver"))
    owner_page.goto(f"/admin/identity/ssogroup/{SSOGroup.objects.get().pk}/map/")
    owner_page.get_by_label("Engineers", exact=True).check()
    owner_page.get_by_role("button", name="Show who would join and leave").click()
    expect(owner_page.get_by_text("A draft: nothing has changed yet.")).to_be_visible()
    draft = owner_page.url
    assert members_of(Group.objects.get()) == {"leaver"}
    owner_page.goto("/admin/")
    owner_page.goto(draft)
    for text in ("1 joins", "1 leaves", "0 stay", "Ava Stone"):
        expect(owner_page.get_by_text(text).first).to_be_visible()
    owner_page.get_by_role("button", name="Apply the mapping").press("Enter")
    expect(owner_page.get_by_text("now feeds the portal group")).to_be_visible()
    assert members_of(Group.objects.get()) == {"ava.stone"}


def test_a_draft_of_a_new_group_leaves_nothing_behind(page: Page, sign_in: SignIn, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    okta.group("Engineering", [okta.user("ava.stone")])
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/ssogroup/{SSOGroup.objects.get().pk}/map/")
    page.get_by_label("Create a new group Engineering").check()
    page.get_by_role("button", name="Show who would join and leave").press("Enter")
    expect(page.get_by_text("The portal group Engineering is made when you apply")).to_be_visible()
    expect(page.get_by_role("link", name="Ava Stone")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="All as CSV").click()
    assert '"join","ava.stone","Ava Stone"' in download.value.path().read_text(encoding="utf-8")
    assert not Group.objects.exists()
    page.get_by_role("button", name="Apply the mapping").press("Enter")
    expect(page.get_by_text("SSO group Engineering now feeds the portal group Engineering.")).to_be_visible()
    assert members_of(Group.objects.get()) == {"ava.stone"}


def test_the_list_says_how_much_of_each_mapping_has_arrived(
    page: Page, sign_in: SignIn, live_server: LiveServer
) -> None:
    okta = LiveIdP(live_server.url)
    ava, ben = okta.user("ava.stone"), okta.user("ben.reed")
    okta.group("Engineering", [ava, ben])
    map_group(SSOGroup.objects.get(), make_group("Engineers"))
    okta.patch(f"/Users/{ben['id']}", {"op": "replace", "path": "active", "value": False})
    sign_in(page, Role.OWNER)
    page.goto("/admin/identity/groupmapping/")
    cells = page.get_by_role("row", name="Engineering Engineers").get_by_role("cell")
    expect(cells).to_contain_text(["Engineers", "Okta", "2", "2", "1", "2"])


def test_a_destructive_sync_was_announced_and_tells_who_left(owner_page: Page, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    group = okta.group("Engineering", [okta.user("ava.stone"), okta.user("ben.reed")])
    map_group(SSOGroup.objects.get(), make_group("Engineers"))
    owner_page.goto(f"/admin/identity/group/{Group.objects.get().pk}/change/")
    expect(owner_page.get_by_text("2 people leave; delete the mapping first to keep them")).to_be_visible()
    assert okta.delete(f"/Groups/{group['id']}").status_code == 204
    owner_page.goto("/admin/identity/provisioninglog/")
    owner_page.get_by_role("link", name="Deleted group Engineering: 2 left portal groups.").click()
    expect(owner_page.get_by_role("heading", name="Who moved: 2 left, 0 joined")).to_be_visible()
    expect(owner_page.get_by_role("row", name="Ava Stone")).to_contain_text("left")
    with owner_page.expect_download() as download:
        owner_page.get_by_role("link", name="All as CSV").click()
    assert download.value.path().read_text(encoding="utf-8").count('"left"') == 2
