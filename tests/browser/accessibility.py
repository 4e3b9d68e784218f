"""axe-core inside a page: what keeps people with other eyes, hands or devices out."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tests.programs import not_here

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
COLOURS = ["color-contrast", "link-in-text-block"]


@cache
def _source() -> str:
    if not AXE.exists():
        not_here("axe-core", "make axe")
    return AXE.read_text(encoding="utf-8")


def grave_violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe calls serious or critical on the page as it is now: rule, number, and where the first is."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_source())  # over the debugger's door, which no content security policy guards
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if colours_only:
        options["runOnly"] = {"type": "rule", "values": COLOURS}
    found = page.evaluate("options => axe.run(options).then(answer => answer.violations)", options)
    return [_told(violation) for violation in found if violation["impact"] in GRAVE]


def _told(violation: dict) -> str:
    nodes = violation["nodes"]
    first = nodes[0]
    return f"{violation['id']} ({violation['impact']}) ×{len(nodes)} at {first['target'][0]}: {first['html'][:160]}"
