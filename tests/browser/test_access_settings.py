"""Item 6: the two flags on paper, person by person, before anything is confirmed."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity import policy
from identity.core.decisions import Mode
from identity.models import Group, Role
from identity.queries import drift
from identity.services import groups
from tests.browser.company import enter, post
from tests.factories import (
    OPERATOR,
    PASSWORD,
    make_break_glass,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
    sign_in_by_sso,
)

SWITCH = "/admin/identity/accesssettings/switch/"


def test_an_owner_sees_who_would_be_locked_out_and_enforces_sso(page: Page, live_server: LiveServer) -> None:
    owner = enter(page.context, live_server, Role.OWNER)
    idp = make_idp()
    sign_in_by_sso(owner, idp)
    make_break_glass()
    provision(idp, "ada")
    for number in range(60):
        make_user(f"local{number:02}", password=PASSWORD)
    page.goto("/admin/")
    page.get_by_role("link", name="Access settings").first.click()
    page.get_by_label("Enforced").first.check()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("60 people Could no longer sign in")).to_be_visible()
    expect(page.get_by_text("Profile becomes read-only here", exact=True)).to_be_visible()
    page.get_by_role("link", name="Could no longer sign in").click()
    expect(page.get_by_role("link", name="local49")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("link", name="local59")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename == "what-if-locked_out.csv"
    assert policy.current_mode() == Mode(True, False)
    page.get_by_role("link", name="Switch to “SCIM is on and SSO is enforced”?").click()
    page.get_by_role("button", name="Enforce SSO").click()
    page.wait_for_load_state()
    assert policy.current_mode() == Mode(True, True)


def test_an_administrator_looks_with_the_keyboard_on_a_phone_and_can_not_switch(
    page: Page, live_server: LiveServer
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("mia", password=PASSWORD)
    page.goto("/admin/identity/accesssettings/")
    page.get_by_label("Enforced").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Switch to “SCIM is on and SSO is enforced”?")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Changing access settings needs the role owner.")
    expect(page.get_by_role("button", name="Enforce SSO")).to_have_count(0)
    page.get_by_role("link", name="Could no longer sign in").press("Enter")
    expect(page.get_by_role("link", name="mia")).to_be_visible()
    answer = post(page, f"{SWITCH}?sso=on", seen=policy.current_mode().code)
    assert answer.status == 403
    assert policy.current_mode() == Mode(True, False)


def test_mapped_groups_are_compared_while_the_owner_looks(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "PART", 2)
    enter(page.context, live_server, Role.OWNER)
    idp = make_idp()
    for number in range(6):
        people = [provision(idp, f"user{number}{one}") for one in range(2)]
        map_group(push_group(idp, f"SSO {number}", *people), make_group(f"Group {number}"))
    set_mode(scim=False)
    group = Group.objects.get(name="Group 4")
    groups.add_members(group, [people[0].user], actor=OPERATOR)
    page.route("**/switch/groups/", lambda route: route.abort(), times=1)  # a part that was lost is asked for again
    page.goto("/admin/identity/accesssettings/")
    page.get_by_label("Identity providers create, update").check()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("heading", name="Group 4")).to_be_visible()
    expect(page.get_by_text("1 leaves")).to_be_visible()
    expect(page.get_by_text("memberships so far")).to_have_count(0)
    page.get_by_label("Follow the identity provider").check()
    page.get_by_role("button", name="Switch SCIM on").click()
    expect(page.get_by_text("SCIM is on and SSO is not enforced from now on.")).to_be_visible()
    assert members_of(group) == {"user40", "user41"}
