"""A real Chromium on a live portal: tests ask for `page`, and relative addresses lead to the portal."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from identity.core.actors import Operator
from identity.models import Role, User
from identity.services import users
from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.factories import make_user
from tests.programs import not_here
from tests.sessions import signed_in

HERE = Path(__file__).parent
OWNER_PASSWORD = "a-long-password-for-tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this directory carry the marker `browser` and run last: Playwright's event loop stays in the process."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; without one they are skipped, or fail where CI promises to run them."""
    executable = find_chromium()
    if executable is None:
        not_here("Chromium", "make programs")
    # Playwright's event loop makes this thread look asynchronous, and Django would refuse its database here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def _window(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """All tests share one, and with it the styles, scripts and fonts that it has loaded: half of what a test cost."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(10_000)
    context.new_page().goto("/static/portal.css")  # stays, and keeps the process that draws the portal's pages
    yield context
    context.close()


@pytest.fixture
def blank_page(_window: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A page of a person who was never here: nothing is kept of the test before but files that never change."""
    page = _window.new_page()
    _window.clear_cookies()
    _window.clear_permissions()
    everything = {"origin": live_server.url, "storageTypes": "all"}
    _window.new_cdp_session(page).send("Storage.clearDataForOrigin", everything)
    yield page
    for opened in _window.pages[1:]:
        opened.close()


@pytest.fixture
def page(blank_page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The same. Script errors, what the content security policy stopped, and requests to the outside fail the test."""
    page = blank_page
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    page.on("console", lambda message: _note_blocked(message.text, problems))
    page.on("request", lambda request: _note_outside(request.url, live_server.url, problems))
    yield page
    assert problems == []


@pytest.fixture
def owner_page(page: Page, live_server: LiveServer) -> Page:
    """The same page, with the first owner signed in, past the sign-in page, and on the dashboard."""
    owner = users.create_owner(username="owner", email="", password=OWNER_PASSWORD, actor=Operator("tests"))
    _put_cookie(page, owner, live_server)
    page.goto("/admin/")
    return page


SignIn = Callable[[Page, Role], None]


@pytest.fixture
def sign_in(live_server: LiveServer) -> SignIn:
    """Sign somebody of a role in, past the sign-in page: members see their profile, the others the admin UI."""
    return lambda page, role: _put_cookie(page, make_user(f"{role}.tester", role=role), live_server)


def _put_cookie(page: Page, user: User, live_server: LiveServer) -> None:
    cookie = signed_in(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])


def _note_blocked(message: str, problems: list[str]) -> None:
    if "Content Security Policy" in message:
        problems.append(f"blocked: {message}")


def _note_outside(url: str, inside: str, problems: list[str]) -> None:
    if not url.startswith((inside, "data:", "blob:")):
        problems.append(f"request to the outside: {url}")
