"""Item 6: the two flags on paper, person by person, before anything is confirmed."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity import policy
from identity.models import Mode, Role
from tests.browser.company import enter
from tests.factories import PASSWORD, make_break_glass, make_idp, make_user, provision, sign_in_by_sso

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


@pytest.mark.parametrize(("role", "answer"), [(Role.ADMINISTRATOR, 403), (Role.SUPPORT, 403), (Role.MEMBER, 200)])
def test_nobody_else_switches_by_address(page: Page, live_server: LiveServer, role: Role, answer: int) -> None:
    enter(page.context, live_server, role)
    for path in (f"{SWITCH}?scim=off", f"{SWITCH}people/?sso=on&effect=edit_profile"):
        response = page.goto(path)
        assert response is not None
        assert response.status == answer
        expect(page.get_by_role("button", name="Switch SCIM off")).to_have_count(0)
    if role == Role.MEMBER:
        expect(page).to_have_url(f"{live_server.url}/profile/")
