"""What an administrator lives through: the identity provider pushes, the portal obeys, the pages show it."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Conflict, Group, SSOGroup, User
from tests.browser.idp import LiveIdP
from tests.factories import make_user, members_of, set_mode


@pytest.fixture
def okta(owner_page: Page, live_server: LiveServer) -> LiveIdP:
    """After the owner has signed in: both share the live portal's database."""
    return LiveIdP(live_server.url)


def open_sso_group(page: Page, name: str) -> None:
    page.goto(f"/admin/identity/ssogroup/{SSOGroup.objects.get(display_name=name).pk}/change/")


def map_to_a_new_group(page: Page, sso_group: str, *, joining: list[str]) -> None:
    """Through the preview, which names the people, to the applied mapping."""
    open_sso_group(page, sso_group)
    page.get_by_role("link", name="Map to a portal group").click()
    page.get_by_label(f"Create a new group {sso_group}").check()
    page.get_by_role("button", name="Show who would join and leave").click()
    for person in joining:
        expect(page.get_by_text(person)).to_be_visible()
    page.get_by_role("button", name="Apply the mapping").click()
    expect(page.get_by_text("now feeds the portal group")).to_be_visible()


def portal_group(name: str) -> Group:
    return Group.objects.get(name=name)


def test_a_mapped_group_follows_its_sso_group_to_the_end(owner_page: Page, okta: LiveIdP) -> None:
    group = okta.group("Engineering", [okta.user("ava.stone"), okta.user("ben.reed")])
    map_to_a_new_group(owner_page, "Engineering", joining=["Ava Stone", "Ben Reed"])
    assert members_of(portal_group("Engineering")) == {"ava.stone", "ben.reed"}
    renamed = {"op": "replace", "path": "displayName", "value": "Engineering EMEA"}
    assert okta.patch(f"/Groups/{group['id']}", renamed).status_code == 204
    owner_page.goto("/admin/identity/ssogroup/")
    expect(owner_page.get_by_role("link", name="Engineering EMEA")).to_be_visible()
    assert okta.delete(f"/Groups/{group['id']}").status_code == 204
    owner_page.goto(f"/admin/identity/group/{portal_group('Engineering').pk}/change/")
    expect(owner_page.get_by_role("heading", name="Engineering")).to_be_visible()
    expect(owner_page.get_by_text("Ava Stone")).to_have_count(0)
    assert members_of(portal_group("Engineering")) == set()


def test_members_stay_when_the_mapping_is_deleted_first(owner_page: Page, okta: LiveIdP) -> None:
    group = okta.group("Sales", [okta.user("ava.stone")])
    map_to_a_new_group(owner_page, "Sales", joining=["Ava Stone"])
    open_sso_group(owner_page, "Sales")
    owner_page.get_by_role("link", name="Delete mapping").click()
    expect(owner_page.get_by_text("all its members stay")).to_be_visible()
    owner_page.get_by_role("button", name="Delete the mapping").click()
    expect(owner_page.get_by_text("was deleted")).to_be_visible()
    assert okta.delete(f"/Groups/{group['id']}").status_code == 204
    owner_page.goto(f"/admin/identity/group/{portal_group('Sales').pk}/change/")
    expect(owner_page.get_by_role("link", name="Ava Stone", exact=True)).to_be_visible()
    assert members_of(portal_group("Sales")) == {"ava.stone"}


def test_a_linked_conflict_lets_the_next_try_succeed(owner_page: Page, okta: LiveIdP) -> None:
    local = make_user("olivia.chen", email="olivia@private.example")
    assert okta.push("olivia.chen").status_code == 409
    owner_page.goto("/admin/")
    owner_page.get_by_role("navigation").get_by_role("link", name="Conflicts").first.click()
    owner_page.get_by_role("link", name="olivia.chen").first.click()
    expect(owner_page.get_by_text("olivia@private.example").first).to_be_visible()
    expect(owner_page.get_by_text("olivia.chen@example.test").first).to_be_visible()
    owner_page.get_by_role("link", name="Link", exact=True).click()
    owner_page.get_by_role("button", name="Approve link").click()
    owner_page.wait_for_load_state()
    answer = okta.push("olivia.chen")
    assert answer.status_code == 201, answer.content
    local.refresh_from_db()
    assert local.email == "olivia@private.example"
    assert local.managed_by == okta.provider
    assert Conflict.objects.get().state == Conflict.State.RESOLVED


def test_a_locked_down_mode_takes_the_actions_away(owner_page: Page, okta: LiveIdP) -> None:
    """The first owner is a break-glass account, whose session survives enforcement (R22)."""
    okta.user("ava.stone")
    ava = User.objects.get(username="ava.stone")
    set_mode(scim=True, sso=True)
    owner_page.goto(f"/admin/identity/user/{ava.pk}/change/")
    expect(owner_page.get_by_role("heading", name="Ava Stone").first).to_be_visible()
    for label in ("Edit profile", "Enable", "Disable"):
        expect(owner_page.get_by_role("link", name=label, exact=True)).to_have_count(0)
    owner_page.goto("/admin/identity/user/")
    expect(owner_page.get_by_role("link", name=re.compile("Invite"))).to_have_count(0)


def test_what_is_hidden_is_refused_by_address_too(owner_page: Page, okta: LiveIdP) -> None:
    okta.user("ava.stone")
    ava = User.objects.get(username="ava.stone")
    set_mode(scim=True, sso=True)
    for page in ("edit_profile", "disable"):
        answer = owner_page.goto(f"/admin/identity/user/{ava.pk}/{page}/")
        assert answer is not None
        assert answer.status == 403
        expect(owner_page.get_by_role("alert")).to_contain_text("identity provider")
    answer = owner_page.goto("/admin/identity/user/invite/")
    assert answer is not None
    assert answer.status == 403


def test_disabling_over_scim_shows_at_the_next_look(owner_page: Page, okta: LiveIdP) -> None:
    ava = okta.user("ava.stone")
    owner_page.goto("/admin/identity/user/")
    expect(owner_page.get_by_role("row", name=re.compile("Ava Stone")).get_by_text("Enabled")).to_be_visible()
    okta.patch(f"/Users/{ava['id']}", {"op": "replace", "path": "active", "value": False})
    owner_page.reload()
    expect(owner_page.get_by_role("row", name=re.compile("Ava Stone")).get_by_text("Disabled")).to_be_visible()
