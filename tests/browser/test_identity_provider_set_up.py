"""Connecting an identity provider with a real browser beside it (issue 5, item 5)."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import IdentityProvider, Role
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import make_idp


def test_from_nothing_to_a_connection_that_lights_up(owner_page: Page, live_server: LiveServer) -> None:
    page = owner_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Add identity provider").click()
    page.get_by_label("Name").fill("Our Entra")
    page.get_by_label("Microsoft Entra ID").check()
    page.get_by_role("button", name="Add and show the set-up guide").click()
    page.get_by_role("link", name="Create SCIM token").click()
    page.get_by_label("Label").fill("Production")
    page.get_by_role("button", name="Create SCIM token").click()
    page.get_by_role("button", name="Copy the token").press("Enter")
    expect(page.get_by_text("Copied").first).to_be_visible()
    secret = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("link", name="go on with the set-up").click()
    expect(page.get_by_role("row", name="Tenant URL")).to_contain_text("/scim/v2")
    expect(page.get_by_text("Waiting for a request")).to_be_visible()
    entra = LiveIdP(live_server.url, provider=IdentityProvider.objects.get(), token=secret)
    assert entra.send("GET", "/Users?filter=userName%20eq%20%22nobody%22")[0] == 200
    expect(page.get_by_text('Looked for users with userName eq "nobody", at')).to_be_visible()
    expect(page.get_by_text("Connected.")).to_be_visible()
    assert entra.try_user("ava.stone")[0] == 201
    expect(page.get_by_role("row", name="Created Ava Stone (ava.stone), enabled.")).to_be_visible()


def test_a_token_that_was_pasted_wrongly_shows(owner_page: Page, live_server: LiveServer) -> None:
    okta = make_idp()
    owner_page.goto(f"/admin/identity/identityprovider/{okta.pk}/set_up/")
    owner_page.get_by_role("button", name="Watch requests for 30 minutes").click()
    expect(owner_page.get_by_text("Waiting for a request")).to_be_visible()
    LiveIdP(live_server.url, provider=okta, token="ghscim_half").send("GET", "/Users")
    expect(owner_page.get_by_text("A request came, and was refused.")).to_be_visible()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.SUPPORT])
def test_other_roles_are_refused_by_address(page: Page, sign_in: SignIn, role: Role) -> None:
    okta = make_idp()
    sign_in(page, role)
    for name in ("set_up", "live", "create_token", "watch"):
        page.goto(f"/admin/identity/identityprovider/{okta.pk}/{name}/")
        expect(page.get_by_text("/scim/v2")).to_have_count(0)
        expect(page.get_by_role("button", name="Create SCIM token")).to_have_count(0)
