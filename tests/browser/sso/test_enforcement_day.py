"""The day SSO is enforced, and the day after, in a real browser: every other way in is tried (R22, SR-21)."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect

from identity.models import AuditEvent, Role, Status, User
from identity.services import invitations, users
from tests.browser.sso.conftest import Running
from tests.factories import OPERATOR, PASSWORD, make_user, provision, set_mode
from tests.portal.second_steps import code_of

pytestmark = pytest.mark.django_db(transaction=True)


def type_password(page: Page, name: str, at: str = "/login/") -> None:
    page.goto(at)
    summary = page.get_by_text("Use a break-glass account")
    if summary.count():
        summary.click()
    page.get_by_label("Username or email").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.wait_for_load_state()


def other_browser(browser: Browser, page: Page) -> Page:
    """Somebody else's browser."""
    context = browser.new_context(base_url=page.url.partition("/login")[0].partition("/profile")[0])
    context.set_default_timeout(10_000)
    return context.new_page()


def prove_break_glass(page: Page) -> str:
    """Set up the second step and sign in with it once; the app's secret."""
    type_password(page, "glass")
    page.goto("/profile/second-step/")
    secret = page.locator("code.gh-code").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    page.context.clear_cookies()
    type_password(page, "glass")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/admin/$"))
    page.context.clear_cookies()
    return secret


def enforce(page: Page) -> None:
    """What the owner clicks."""
    page.goto("/admin/identity/accesssettings/switch/?sso=on")
    page.get_by_role("button", name="Enforce SSO").click()
    expect(page.get_by_text(re.compile("SSO is enforced from now on"))).to_be_visible()


@pytest.mark.parametrize("scim", [True, False], ids=["SCIM on", "SCIM off"])
def test_the_day_sso_is_enforced(browser: Browser, page: Page, oidc: Running, scim: bool) -> None:
    users.create_owner(username="glass", email="glass@example.test", password=PASSWORD, actor=OPERATOR)
    olga = provision(oidc.provider, "olga", external_id="00u1").user
    users.change_role(olga, Role.OWNER, actor=OPERATOR)
    oidc.idp.knows("00u1", preferred_username="olga", email="olga@example.test")
    make_user("mia", password=PASSWORD)
    make_user("adam", password=PASSWORD, role=Role.ADMINISTRATOR)
    invitations.invite_user(username="new", email="new@example.test", actor=OPERATOR)
    set_mode(scim=scim)

    # before: passwords work, and two links are on their way
    page.goto("/login/")
    mia = other_browser(browser, page)
    type_password(mia, "mia")
    expect(mia).to_have_url(re.compile("/profile/$"))
    stranger = other_browser(browser, page)
    stranger.goto("/password/reset/")
    stranger.get_by_label("Username or email").fill("mia")
    stranger.get_by_role("button", name="Send the link").click()
    expect(stranger.get_by_role("heading", name="Look into your mail")).to_be_visible()
    links = [re.search(r"/(?:invitations|password/reset)/\S+", str(message.body)) for message in mail.outbox]
    invitation, reset = [link[0] for link in links if link]

    # an owner who came through the provider switches it on, with a proven break-glass account
    oidc.sign_in(page, "00u1", at="/login/?next=/admin/")
    page.goto("/admin/identity/accesssettings/switch/?sso=on")
    expect(page.get_by_role("alert")).to_contain_text("Prove a break-glass account first")
    secret = prove_break_glass(other_browser(browser, page))
    enforce(page)

    # the open password session has ended, the owner's has not
    mia.reload()
    expect(mia).to_have_url(re.compile("/login/"))
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="olga").first).to_be_visible()

    # each way around it
    for name, at in (("mia", "/login/"), ("adam", "/admin/login/")):
        type_password(stranger, name, at)
        expect(stranger.get_by_role("alert")).to_contain_text("or the account can't sign in with a password")
        stranger.goto("/profile/")
        expect(stranger).to_have_url(re.compile("/login/"))
    stranger.goto(invitation)
    expect(stranger.get_by_role("heading", name="This invitation does not work")).to_be_visible()
    stranger.goto(reset)
    expect(stranger.get_by_label("New password", exact=True)).to_have_count(0)
    mail.outbox.clear()
    stranger.goto("/password/reset/")
    stranger.get_by_label("Username or email").fill("mia")
    stranger.get_by_role("button", name="Send the link").click()
    expect(stranger.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert mail.outbox == []
    page.goto("/password/change/")
    expect(page).to_have_url(re.compile("/profile/$"))
    assert User.objects.get(username_key="new").status == Status.INVITED

    # the break-glass account passes, with its code, an event and an alert
    events = AuditEvent.objects.filter(action="user.break_glass_login")
    before = events.count()
    type_password(stranger, "glass")
    expect(stranger).to_have_url(re.compile("/login/code/"))
    stranger.goto("/admin/")
    expect(stranger).to_have_url(re.compile("/login/"))
    stranger.goto("/login/code/")
    stranger.get_by_label("Code").fill(code_of(secret))
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger).to_have_url(re.compile("/admin/$"))
    assert events.count() == before + 1
    assert "olga@example.test" in {message.to[0] for message in mail.outbox}
    stranger.goto("/admin/break-glass/")
    expect(stranger.get_by_text("Drill due")).to_have_count(0)

    # from the server it is opened again
    call_command("set_mode", "--sso", "optional")
    type_password(mia, "mia")
    expect(mia).to_have_url(re.compile("/profile/$"))
    stranger.context.close()
    mia.context.close()
