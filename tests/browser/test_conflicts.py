"""The conflicts inbox in a real browser (R6, R7)."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Conflict, IdentityProvider, Role, User
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.browser.refusals import refused_by_address
from tests.factories import make_idp, make_token, make_user

State = Conflict.State


@pytest.fixture
def okta(live_server: LiveServer) -> LiveIdP:
    return LiveIdP(live_server.url)


def test_both_identities_with_a_message_for_the_other_side(page: Page, sign_in: SignIn, okta: LiveIdP) -> None:
    make_user("mia")
    for _ in range(3):
        okta.push("mia", "other@example.test")
    sign_in(page, Role.ADMINISTRATOR)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/admin/identity/conflict/")
    page.get_by_role("link", name="mia").first.press("Enter")
    expect(page.get_by_role("row", name="Email other@example.test mia@example.test Differs")).to_be_visible()
    expect(page.get_by_text("Same username, another email.")).to_be_visible()
    page.get_by_role("button", name="Copy the message").press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    message = page.evaluate("navigator.clipboard.readText()")
    assert message.startswith("Okta could not provision mia <other@example.test>. The portal answered 409:")
    page.get_by_role("link", name="Dismiss").click()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The conflict about mia was dismissed.")).to_be_visible()
    assert Conflict.objects.get().state == State.DISMISSED
    okta.push("mia", "third@example.test")
    page.goto("/admin/identity/conflict/")
    expect(page.get_by_role("row", name="mia Open")).to_be_visible()


def test_an_account_moves_to_the_other_provider(
    page: Page, sign_in: SignIn, okta: LiveIdP, live_server: LiveServer
) -> None:
    entra_row = make_idp("Entra")
    entra = LiveIdP(live_server.url, provider=entra_row, token=make_token(entra_row))
    okta.user("ava.stone")
    assert entra.push("ava.stone").status_code == 409
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/conflict/{Conflict.objects.get().pk}/change/")
    page.get_by_role("link", name="Move here").click()
    page.get_by_role("button", name="Move the account").click()
    expect(page.get_by_text("now waits for Entra's next try")).to_be_visible()
    assert entra.push("ava.stone").status_code == 201
    assert User.objects.get(username="ava.stone").managed_by == IdentityProvider.objects.get(name="Entra")


def test_a_privileged_account_is_an_owners_decision(page: Page, sign_in: SignIn, okta: LiveIdP) -> None:
    make_user("boss", role=Role.ADMINISTRATOR)
    okta.push("boss")
    conflict = Conflict.objects.get()
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/admin/identity/conflict/{conflict.pk}/change/")
    expect(page.get_by_role("link", name="Link", exact=True)).to_have_count(0)
    answer = page.goto(f"/admin/identity/conflict/{conflict.pk}/link/")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("alert")).to_contain_text("only an owner can link it")


def test_a_link_by_keyboard_and_what_came_of_it(page: Page, sign_in: SignIn, okta: LiveIdP) -> None:
    make_user("mia")
    okta.push("mia", "other@example.test")
    sign_in(page, Role.OWNER)
    page.goto(f"/admin/identity/conflict/{Conflict.objects.get().pk}/change/")
    page.get_by_role("link", name="Link", exact=True).press("Enter")
    page.get_by_role("button", name="Approve link").press("Enter")
    expect(page.get_by_text("To retry at once").first).to_be_visible()
    page.get_by_role("link", name="Dismiss").press("Enter")
    page.get_by_role("button", name="Dismiss").press("Enter")
    assert okta.push("mia", "other@example.test").status_code == 409
    page.get_by_role("link", name="Link", exact=True).press("Enter")
    page.get_by_role("button", name="Approve link").press("Enter")
    page.wait_for_load_state()
    assert okta.push("mia", "other@example.test").status_code == 201
    page.reload()
    expect(page.get_by_text("Linked: Okta sent this person again")).to_be_visible()
    page.get_by_role("link", name="in the provisioning log").press("Enter")
    expect(page.get_by_role("link", name="Linked, as an administrator approved, Mia (mia), enabled.")).to_be_visible()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.SUPPORT])
def test_other_roles_are_refused_by_address(page: Page, sign_in: SignIn, okta: LiveIdP, role: Role) -> None:
    make_user("mia")
    okta.push("mia", "other@example.test")
    conflict = Conflict.objects.get()
    sign_in(page, role)
    for path in ("", "export.csv", *(f"{conflict.pk}/{action}/" for action in ("change", "link", "move", "dismiss"))):
        refused_by_address(page, role, f"/admin/identity/conflict/{path}")
        expect(page.get_by_text("other@example.test")).to_have_count(0)
    assert Conflict.objects.get().state == State.OPEN
