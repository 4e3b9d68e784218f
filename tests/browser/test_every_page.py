"""Every page that a role can reach by following links: it opens, it fits, and axe finds nothing grave.

Each is looked at on a desk and on a phone, in both themes. That no script fails and no request leaves the machine is
checked by the `page` fixture.
"""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Role
from tests.browser import long_names
from tests.browser.accessibility import grave_violations
from tests.browser.company import enter, move_in

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
FILES = re.compile(r"\.(csv|jsonl)$|_csv/$|/moved/$|/schema/|/logout/|/jsi18n/|^/api/")
DOORS = ("/login/", "/password/reset/", "/password/reset/sent/", "/invitations/nonsense/")

# The page beside its screen, and what a cell of a list has no room for.
TOO_LARGE = """() => {
    const beside = document.documentElement.scrollWidth - window.innerWidth;
    const cells = [...document.querySelectorAll("#result_list tbody :is(td, th)")];
    const isCut = cell => cell.scrollWidth > cell.clientWidth + 1 || cell.scrollHeight > cell.clientHeight + 1;
    const told = cells.filter(isCut).map(cell => `${cell.className.split(" ")[0]} is cut`);
    return beside > 0 ? [`${beside} px wider than the screen`, ...told] : told;
}"""

ARRIVED = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const transitions = document.getAnimations().filter(one => one instanceof CSSTransition);
    await Promise.allSettled(transitions.map(one => one.finished));
}"""


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


def looked_at(page: Page, address: str) -> list[str]:
    """What is wrong with the open page: on a desk and on a phone, by day and by night."""
    problems = _seen(page, f"{address} on a phone", PHONE) + _seen(page, f"{address} on a desk", DESK)
    _put_on(page, "light")
    return problems


def _seen(page: Page, where: str, screen: ViewportSize) -> list[str]:
    """Another theme changes colours only, so that all of axe's rules are asked once for each screen."""
    page.set_viewport_size(screen)
    _put_on(page, "light")
    problems = [f"{where}, light: {told}" for told in grave_violations(page)]
    _put_on(page, "dark")
    problems += [f"{where}, dark: {told}" for told in grave_violations(page, colours_only=True)]
    return [*problems, *(f"{where}: {told}" for told in page.evaluate(TOO_LARGE))]


def _put_on(page: Page, theme: Literal["light", "dark"]) -> None:
    """As the system's setting does on the portal's own pages, and as the switch of the admin UI does there."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("theme => document.documentElement.classList.toggle('dark', theme === 'dark')", theme)
    page.evaluate(ARRIVED)


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the browser's console complains about."""
    page.set_viewport_size(DESK)
    found: list[str] = []
    page.on("console", lambda said: found.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    return found


@pytest.mark.parametrize(
    ("role", "start", "at_least"),
    [(Role.OWNER, "/admin/", 60), (Role.SUPPORT, "/admin/", 6), (Role.MEMBER, "/profile/", 3)],
)
def test_every_page_of_a_role(
    page: Page, live_server: LiveServer, errors: list[str], role: Role, start: str, at_least: int
) -> None:
    move_in()
    enter(page.context, live_server, role)
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
    found = [looked_at(page, address) for address in walk(page, "/admin/")]
    problems = [problem for problems in found for problem in problems]
    assert not problems + errors, "\n".join(problems + errors)
    assert len(found) >= 50


def test_the_pages_of_a_portal_that_is_empty(page: Page, live_server: LiveServer, errors: list[str]) -> None:
    enter(page.context, live_server, Role.OWNER)
    problems = [problem for address in walk(page, "/admin/") for problem in looked_at(page, address)]
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
