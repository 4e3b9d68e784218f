"""Connecting an identity provider with a real browser beside it."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import IdentityProvider, Role
from tests import clock
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import make_idp, make_token, use_token


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
    assert entra.get("/Users?filter=userName%20eq%20%22nobody%22").status_code == 200
    expect(page.get_by_text('Looked for users with userName eq "nobody", at')).to_be_visible()
    expect(page.get_by_text("Connected.")).to_be_visible()
    assert entra.push("ava.stone").status_code == 201
    expect(page.get_by_role("row", name="Created Ava Stone (ava.stone), enabled.")).to_be_visible()


def test_a_token_that_was_pasted_wrongly_shows(owner_page: Page, live_server: LiveServer) -> None:
    okta = make_idp()
    owner_page.goto(f"/admin/identity/identityprovider/{okta.pk}/set_up/")
    owner_page.get_by_role("button", name="Watch requests for 30 minutes").click()
    expect(owner_page.get_by_text("Waiting for a request")).to_be_visible()
    LiveIdP(live_server.url, provider=okta, token="ghscim_half").get("/Users")
    expect(owner_page.get_by_text("A request came, and was refused.")).to_be_visible()


def test_a_token_is_rotated_without_a_gap_by_keyboard(owner_page: Page, live_server: LiveServer) -> None:
    page, okta = owner_page, make_idp()
    secret = make_token(okta, "Old")
    old = LiveIdP(live_server.url, provider=okta, token=secret)
    new = LiveIdP(live_server.url, provider=okta, token=make_token(okta, "New"))
    old.get("/Users")
    page.goto(f"/admin/identity/identityprovider/{okta.pk}/change/")
    expect(page.get_by_role("row", name="New")).to_contain_text("Not used yet")
    expect(page.get_by_role("row", name="Old")).to_contain_text("In use")
    new.get("/Users")
    page.reload()
    expect(page.get_by_role("row", name="Old")).to_contain_text("Still in use: not yet safe to revoke")
    with clock.ago(hours=25):
        use_token(secret)
    page.reload()
    expect(page.get_by_role("row", name="Old")).to_contain_text("Silent for 1 day: safe to revoke")
    page.get_by_role("link", name="Revoke Old").press("Enter")
    expect(page.get_by_text("It was last used 1 day ago. The next request of Okta")).to_be_visible()
    page.get_by_role("button", name="Revoke this token").press("Enter")
    expect(page.get_by_text("was revoked.")).to_be_visible()
    assert (old.get("/Users").status_code, new.get("/Users").status_code) == (401, 200)


def test_an_administrator_deletes_a_provider_after_typing_its_name(page: Page, sign_in: SignIn) -> None:
    okta = make_idp()
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/identityprovider/{okta.pk}/delete/")
    page.get_by_role("button", name="Delete this identity provider").press("Enter")
    expect(page.get_by_role("heading", name="Delete Okta?")).to_be_visible()
    page.get_by_role("textbox").fill("Okta")
    page.get_by_role("button", name="Delete this identity provider").press("Enter")
    expect(page.get_by_text("Okta was deleted. Its people stay")).to_be_visible()
    assert not IdentityProvider.objects.exists()
