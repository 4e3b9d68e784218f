"""Every page that a role can reach by following links: it opens, it fits, and axe finds nothing grave.

Each is looked at on a desk and on a phone, by day and by night. That no script fails and no request leaves the machine
is checked by the `page` fixture.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Role
from tests.authenticator import Authenticator
from tests.browser import long_names
from tests.browser.company import LONG, enter, move_in
from tests.browser.looks import DESK, fits, looked_at, on_a_phone
from tests.factories import PASSWORD
from tests.passkeys import make_passkey, portal_at

FILES = re.compile(r"\.(csv|jsonl)$|_csv/$|/moved/$|/schema/|/logout/|/jsi18n/|^/api/")
DOORS = ("/login/", "/password/reset/", "/password/reset/sent/", "/invitations/nonsense/")


def kind_of(path: str) -> str:
    """Pages that differ by the row only are one kind; what an address asks for beside it makes no other."""
    return re.sub(r"/\d+(?=/)", "/N", path)


def links_of(page: Page) -> list[str]:
    """The addresses on the page that lead to pages of the portal."""
    found: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    here = urlsplit(page.url)
    parts = [urlsplit(address) for address in found]
    inside = [part for part in parts if part.netloc == here.netloc and not FILES.search(part.path)]
    return [part._replace(scheme="", netloc="", fragment="").geturl() for part in inside]


def walk(page: Page, start: str) -> Iterator[str]:
    """Open each kind of page once, following every link; yields the address while it is open."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(urlsplit(address).path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, f"{address} answered {answer.status}"
        arrived = kind_of(urlsplit(page.url).path)
        if arrived == kind or arrived not in seen:
            seen.add(arrived)
            yield address
            waiting += links_of(page)


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the browser's console complains about."""
    page.set_viewport_size(DESK)
    found: list[str] = []
    page.on("console", lambda said: found.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    return found


@pytest.mark.timeout(400)  # an owner has many
@pytest.mark.parametrize(
    ("role", "start", "at_least"),
    [(Role.OWNER, "/admin/", 60), (Role.SUPPORT, "/admin/", 6), (Role.MEMBER, "/profile/", 9)],
)
def test_every_page_of_a_role(
    page: Page, live_server: LiveServer, errors: list[str], role: Role, start: str, at_least: int
) -> None:
    move_in()
    with portal_at(live_server.url):
        user = enter(page.context, live_server, role, password=PASSWORD if role == Role.MEMBER else None)
        if role == Role.MEMBER:
            make_passkey(user, Authenticator(origin=live_server.url), name=LONG)
        found = [looked_at(page, address) for address in walk(page, start)]
    problems = [problem for problems in found for problem in problems]
    assert not problems + errors, "\n".join(problems + errors)
    assert len(found) >= at_least


def test_every_page_of_an_administrator_among_long_names(
    page: Page, live_server: LiveServer, errors: list[str]
) -> None:
    """Without a gap where a line could end, right to left, with pictures: as long as they may be."""
    long_names.settle()
    enter(page.context, live_server, Role.ADMINISTRATOR)
    found = [fits(page, address) for address in walk(page, "/admin/")]
    problems = [problem for problems in found for problem in problems]
    assert not problems + errors, "\n".join(problems + errors)
    assert len(found) >= 50


def test_the_pages_of_a_portal_that_is_empty(page: Page, live_server: LiveServer, errors: list[str]) -> None:
    """What a full one has beside it is looked at on a desk as well, in the test above."""
    enter(page.context, live_server, Role.OWNER)
    problems = [problem for address in walk(page, "/admin/") for problem in on_a_phone(page, address)]
    assert not problems + errors, "\n".join(problems + errors)


@pytest.mark.parametrize("address", DOORS)
def test_every_page_of_somebody_who_is_not_signed_in(page: Page, address: str) -> None:
    page.goto(address)
    assert looked_at(page, address) == []


def test_a_link_is_called_by_its_label_and_not_by_its_icon(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.OWNER)
    page.goto("/admin/")
    for label in ("Users", "Invitations", "Audit log"):
        expect(page.get_by_role("navigation").get_by_role("link", name=label, exact=True).first).to_be_visible()
