"""Passkeys in a browser that has an authenticator: added, used alone and after the password, and refused."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Passkey, User
from tests.authenticator import Authenticator
from tests.browser.long_names import solid
from tests.browser.looks import looked_at
from tests.factories import PASSWORD, make_break_glass, make_user, set_mode
from tests.passkeys import make_passkey, portal_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _address(live_server: LiveServer) -> Iterator[None]:
    with portal_at(live_server.url):
        yield


@pytest.fixture
def mia() -> User:
    return make_user("mia", first_name="Mia", last_name="Wong", password=PASSWORD)


@dataclass
class Reader:
    """What the laptop's reader of fingers is told (Chrome DevTools, WebAuthn)."""

    devices: CDPSession
    id: str

    def sees(self, *, the_right_one: bool) -> None:
        self.devices.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": the_right_one})

    def has(self, device: Authenticator) -> None:
        """A passkey that was made before."""
        credential = {
            "credentialId": b64encode(device.id).decode(),
            "isResidentCredential": True,
            "rpId": device.rp_id,
            "privateKey": b64encode(device.key.private).decode(),
            "userHandle": b64encode(device.handle).decode(),
            "signCount": device.count,
        }
        self.devices.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})


@pytest.fixture
def reader(page: Page) -> Reader:
    """The laptop has one, and the right finger is on it."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Reader(devices, made["authenticatorId"])


def type_password(page: Page, name: str = "mia") -> None:
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")


def add_passkey(page: Page, name: str) -> None:
    page.goto("/profile/")
    page.get_by_role("link", name="Your passkeys").click()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add passkey").click()


def without_autofill(page: Page) -> None:
    """A browser that has no passkeys there; the one of the tests takes one as soon as it is asked."""
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


def test_a_passkey_from_its_first_day_on(page: Page, reader: Reader, mia: User) -> None:
    without_autofill(page)
    type_password(page)
    add_passkey(page, "Work laptop")
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("listitem").filter(has_text="Work laptop")).to_be_visible()
    expect(page.get_by_text("never used")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()
    expect(page.get_by_text("with a passkey")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    type_password(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()

    add_passkey(page, "The same again")
    expect(page.get_by_role("alert")).to_have_text("You already have a passkey there.")
    assert Passkey.objects.count() == 1


def test_the_wrong_finger_opens_nothing_and_the_right_one_does_then(
    page: Page, reader: Reader, live_server: LiveServer
) -> None:
    without_autofill(page)
    glass, device = make_break_glass(), Authenticator(origin=live_server.url)
    make_passkey(glass, device)
    reader.has(device)
    set_mode(sso=True)
    page.goto("/login/")
    reader.sees(the_right_one=False)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
    assert looked_at(page, "no passkey was used") == []
    reader.sees(the_right_one=True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{live_server.url}/admin/")


def test_a_passkey_is_offered_where_the_browser_fills_in_names(
    page: Page, reader: Reader, live_server: LiveServer, mia: User
) -> None:
    """Conditional mediation: nobody presses a button, and a browser without a passkey asks for nothing."""
    page.goto("/login/?next=/profile/")
    expect(page.get_by_label("Username")).to_have_attribute("autocomplete", "username webauthn")
    device = Authenticator(origin=live_server.url)
    make_passkey(mia, device)
    reader.has(device)
    page.goto("/login/?next=/profile/")
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()
    expect(page.get_by_text("with a passkey")).to_be_visible()


def test_a_wrong_finger_at_the_autofill_leaves_the_page_as_it_is(
    page: Page, reader: Reader, live_server: LiveServer, mia: User
) -> None:
    """Neither is the button in its way: it ends what the browser was asked before."""
    device = Authenticator(origin=live_server.url)
    make_passkey(mia, device)
    reader.has(device)
    reader.sees(the_right_one=False)
    with page.expect_response("**/login/passkey/question/"):
        page.goto("/login/")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
    type_password(page)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()


def test_without_scripts_the_password_still_works_and_no_passkey_is_offered(
    browser: Browser, live_server: LiveServer, mia: User
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/")
    expect(page.get_by_role("button")).to_have_text(["Sign in"])
    type_password(page)
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()
    page.goto("/profile/passkeys/new/")
    expect(page.get_by_text("This browser can't add a passkey")).to_be_visible()
    context.close()


def test_the_pages_of_passkeys(page: Page, live_server: LiveServer, mia: User) -> None:
    type_password(page)
    page.goto("/profile/passkeys/")
    problems = looked_at(page, "no passkeys")
    for name in ("Work laptop", solid("key", 100)):
        passkey = make_passkey(mia, Authenticator(origin=live_server.url), name=name)
    for address in ("", "new/", f"{passkey.pk}/rename/", f"{passkey.pk}/remove/"):
        page.goto(f"/profile/passkeys/{address}")
        problems += looked_at(page, address or "passkeys")
    page.goto("/profile/")
    problems += looked_at(page, "profile")
    page.goto("/confirm-password/?next=/profile/")
    problems += looked_at(page, "a confirmation")
    page.context.clear_cookies()
    type_password(page)
    page.get_by_role("button", name="Use a passkey").wait_for()
    problems += looked_at(page, "second step")
    page.goto("/login/")
    problems += looked_at(page, "both ways in")
    make_break_glass()
    set_mode(sso=True)
    type_password(page, "glass")
    page.get_by_role("link", name="Add a passkey instead").click()
    page.get_by_role("link", name="Use an authenticator app instead").wait_for()
    assert problems + looked_at(page, "a first passkey") == []
