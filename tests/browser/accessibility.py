"""axe-core inside a page: what keeps people with other eyes, hands or devices out."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tests.programs import not_here

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
COLOURS = ["color-contrast", "link-in-text-block"]
# What a rule finds is as grave as the rule is, and those that never find anything grave are a third of the work.
RUN = """([grave, options, leftOut]) => {
    const mild = axe._audit.rules.filter(rule => rule.impact && !grave.includes(rule.impact));
    const rules = Object.fromEntries(mild.map(rule => [rule.id, {enabled: false}]));
    const where = {include: [["html"]], exclude: leftOut.map(part => [part])};
    return axe.run(where, {resultTypes: ["violations"], rules, ...options}).then(answer => answer.violations);
}"""
# The menu and the bar around every page are a third of it. What they show, to whom, and how it is looked at:
FRAME = ["#nav-sidebar", "header"]
LOOK_OF_THE_FRAME = """parts => [
    ...parts.map(part => document.querySelector(part)?.innerText), innerWidth, document.documentElement.className,
].join("|")"""
_frames_seen: set[str] = set()


@cache
def _source() -> str:
    if not AXE.exists():
        not_here("axe-core", "make axe")
    return AXE.read_text(encoding="utf-8")


def grave_violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe calls serious or critical on the page as it is now: rule, number, and where the first is.

    A frame that was looked at on another page of the run is not again.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_source())  # over the debugger's door, which no content security policy guards
    options = {"runOnly": {"type": "rule", "values": COLOURS}} if colours_only else {}
    found = page.evaluate(RUN, [GRAVE, options, FRAME if _is_known(page) else []])
    return [_told(violation) for violation in found if violation["impact"] in GRAVE]


def _is_known(page: Page) -> bool:
    look = page.evaluate(LOOK_OF_THE_FRAME, FRAME)
    known = look in _frames_seen
    _frames_seen.add(look)
    return known


def _told(violation: dict) -> str:
    nodes = violation["nodes"]
    first = nodes[0]
    return f"{violation['id']} ({violation['impact']}) ×{len(nodes)} at {first['target'][0]}: {first['html'][:160]}"
