"""What is wrong with a page as it is looked at: on a desk and on a phone, by day and by night."""

from typing import Literal

from playwright.sync_api import Page, ViewportSize

from tests.browser.accessibility import grave_violations

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

Theme = Literal["light", "dark"]
DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)


def looked_at(page: Page, address: str) -> list[str]:
    """What is wrong with the open page: on a desk by day and on a phone by night.

    Night changes colours only, and a phone what is there: a list has columns that only a desk shows, by night as well.
    """
    problems = _on(DESK, page, f"{address} on a desk")
    problems += [f"{address} on a desk: {told}" for told in grave_violations(page)]
    if page.locator("#result_list").count():
        _put_on(page, "dark")
        problems += [f"{address} on a desk, dark: {told}" for told in grave_violations(page, colours_only=True)]
    return problems + on_a_phone(page, address)


def on_a_phone(page: Page, address: str) -> list[str]:
    """By night; it leaves the page on a desk."""
    problems = _on(PHONE, page, f"{address} on a phone", "dark")
    problems += [f"{address} on a phone, dark: {told}" for told in grave_violations(page)]
    page.set_viewport_size(DESK)
    return problems


def fits(page: Page, address: str) -> list[str]:
    """What the open page has no room for, on a phone and on a desk."""
    return _on(PHONE, page, f"{address} on a phone") + _on(DESK, page, f"{address} on a desk")


def _on(screen: ViewportSize, page: Page, where: str, theme: Theme = "light") -> list[str]:
    page.set_viewport_size(screen)
    _put_on(page, theme)
    return [f"{where}: {told}" for told in page.evaluate(TOO_LARGE)]


def _put_on(page: Page, theme: Theme) -> None:
    """As the system's setting does on the portal's own pages, and as the switch of the admin UI does there."""
    page.emulate_media(color_scheme=theme)
    page.evaluate("theme => document.documentElement.classList.toggle('dark', theme === 'dark')", theme)
    page.evaluate(ARRIVED)
