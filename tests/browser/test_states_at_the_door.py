"""Sign-in, invitations and errors in every state: axe finds nothing grave, and they fit."""

import re
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Role
from identity.services import invitations
from portal.account.sign_in import Profile
from tests.browser.company import RIGHT_TO_LEFT, enter
from tests.browser.looks import looked_at
from tests.factories import OPERATOR, PASSWORD, make_break_glass, make_idp, make_user, set_mode, sign_in_by_sso
from tests.portal.second_steps import code_of


def _sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/login/")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")


def test_a_sign_in_that_is_refused_and_one_by_single_sign_on(page: Page) -> None:
    _sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    problems = looked_at(page, "wrong password")
    sign_in_by_sso(make_user("ada"), make_idp(RIGHT_TO_LEFT))
    page.goto("/login/")
    problems += looked_at(page, "both ways in")
    make_break_glass()
    set_mode(sso=True)
    page.goto("/login/")
    problems += looked_at(page, "SSO enforced")
    page.get_by_text("Use a break-glass account").click()
    assert problems + looked_at(page, "break-glass") == []


def test_a_second_step_from_its_set_up_on(page: Page) -> None:
    make_user("mia", password=PASSWORD)
    _sign_in(page)
    page.goto("/profile/second-step/")
    secret = page.locator(".gh-code").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Set up").click()
    problems = looked_at(page, "a wrong code")
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("link", name="I have kept them").wait_for()
    problems += looked_at(page, "recovery codes")
    page.context.clear_cookies()
    _sign_in(page)
    page.get_by_label("Code").wait_for()
    assert problems + looked_at(page, "second step") == []


def test_a_fresh_sign_in_is_asked_for(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.OWNER, fresh=False)
    page.goto("/confirm-password/?next=/profile/")
    problems = looked_at(page, "without a password")
    make_user("mia", password=PASSWORD)
    page.context.clear_cookies()
    _sign_in(page)
    page.goto("/confirm-password/?next=/profile/")
    assert problems + looked_at(page, "with a password") == []


def test_an_invitation_and_a_password_that_is_too_short(page: Page, mailoutbox: list[Any]) -> None:
    invitations.invite_user(username="ivy", email="ivy@example.test", first_name=RIGHT_TO_LEFT, actor=OPERATOR)
    page.goto(re.findall(r"https?://[^/\s]+(/\S+/\S+)", mailoutbox[-1].body)[-1])
    problems = looked_at(page, "invitation")
    for field in page.locator("input[type=password]").all():
        field.fill("short")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.locator(".gh-error").first).to_be_visible()
    assert problems + looked_at(page, "refused password") == []


@pytest.mark.parametrize(
    ("error", "told"), [(RuntimeError, "Something went wrong"), (SuspiciousOperation, "Not understood")]
)
def test_a_page_that_breaks(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, error: type[Exception], told: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise error("on purpose")

    enter(page.context, live_server, Role.MEMBER)
    monkeypatch.setattr(Profile, "get_context_data", broken)
    page.goto("/profile/")
    expect(page.get_by_role("heading", name=told)).to_be_visible()
    assert looked_at(page, told) == []


def test_a_form_whose_cookie_is_gone(page: Page) -> None:
    page.goto("/login/")
    page.context.clear_cookies()
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", name="Please try again")).to_be_visible()
    assert looked_at(page, "without its cookie") == []


def test_what_is_not_there_and_what_is_not_for_everybody(page: Page, live_server: LiveServer) -> None:
    page.goto("/nowhere/")
    problems = looked_at(page, "404")
    enter(page.context, live_server, Role.SUPPORT)
    for address in ("/admin/identity/user/", "/admin/identity/user/0/change/", "/admin/nowhere/"):
        page.goto(address)
        problems += looked_at(page, address)
    assert problems == []
