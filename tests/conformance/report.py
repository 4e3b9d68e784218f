"""docs/conformance.md: what was checked, with which tools, and what came out."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from typing import TYPE_CHECKING

from tests.conformance import deviations
from tests.conformance.requirements import Result

if TYPE_CHECKING:  # the checkers take seconds to import
    from tests.conformance.tools import ToolRun

OUTCOMES = ("met", "not met", "not applicable")
RFCS = {
    7643: "RFC 7643, SCIM core schema",
    7644: "RFC 7644, SCIM protocol",
    9865: "RFC 9865, cursor-based paging",
    6750: "RFC 6750, bearer tokens",
}
LIBRARIES = ("django", "django-scim2", "scim2-models")

HEAD = """# Conformance

What Gatehouse's SCIM endpoints keep of the standards, as found by `make conformance`, which wrote this page: it
starts the production server on loopback over an empty database and holds it to two checkers that others wrote and to
our own list (`tests/conformance/`), each requirement with a check over HTTP. The same list runs with `make test`, where
a stub that answers every request wrongly proves that each check can fail.
"""


def reason_for(result: Result) -> str:
    """Why a requirement that is not met is not met on purpose; empty for a bug."""
    name = getattr(result.requirement.check, "__name__", "")
    return deviations.REQUIREMENTS.get(name, "") if result.outcome == "not met" else ""


def render(results: list[Result], runs: list[ToolRun], database: str) -> str:
    """The page."""
    parts = [
        HEAD,
        _run(database),
        _summary(results),
        _tools(runs),
        _deviations(results, runs),
        _readings(),
        _details(results),
    ]
    return "\n".join(parts)


def _run(database: str) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"Run of {when} on {database}, Python {platform.python_version()}, {versions}.\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _summary(results: list[Result]) -> str:
    """How many requirements of each RFC and level came out how."""
    counts = Counter((one.requirement.rfc, one.requirement.level, one.outcome) for one in results)
    levels = [(rfc, level) for rfc in RFCS for level in ("MUST", "SHOULD", "MAY")]
    rows = [(RFCS[rfc], level, *(counts[rfc, level, outcome] for outcome in OUTCOMES)) for rfc, level in levels]
    total = Counter(one.outcome for one in results)
    rows.append((f"**All {len(results)}**", "", *(total[outcome] for outcome in OUTCOMES)))
    return "## Our list\n\n" + _table(("Standard", "Level", *OUTCOMES), (row for row in rows if any(row[2:])))


def _tools(runs: list[ToolRun]) -> str:
    rows = [(run.title, run.checks, run.passed, len(run.left_out), run.on_purpose, len(run.unexpected)) for run in runs]
    head = ("Tool", "checks", "passed", "skipped", "deviations on purpose", "other failures")
    return "## Other people's checkers\n\n" + _table(head, rows) + _left_out(runs) + _other_failures(runs)


def _left_out(runs: list[ToolRun]) -> str:
    skipped = [(run.name, one.name, one.message) for run in runs for one in run.left_out]
    return "\n" + _table(("Tool", "Skipped", "What it says"), skipped) if skipped else ""


def _other_failures(runs: list[ToolRun]) -> str:
    failures = [(run.name, one.name, one.message) for run in runs for one in run.unexpected]
    return "\n" + _table(("Tool", "Failure", "What it says"), failures) if failures else ""


def _deviations(results: list[Result], runs: list[ToolRun]) -> str:
    ours = [(_where(one), reason_for(one)) for one in results if reason_for(one)]
    theirs = [(f"{run.name}: {one.name}", one.reason) for run in runs for one in run.findings if one.reason]
    return "## Deviations on purpose\n\n" + _table(("Where", "Why"), [*ours, *theirs])


def _readings() -> str:
    return "## Where the RFCs leave a choice\n\n" + _table(("Where", "What is done here, and why"), deviations.READINGS)


def _where(result: Result) -> str:
    requirement = result.requirement
    return f"RFC {requirement.rfc} {requirement.section} ({requirement.level}): {requirement.sentence}"


def _details(results: list[Result]) -> str:
    parts = ["## Requirement by requirement\n"]
    for rfc, group in groupby(results, key=lambda one: one.requirement.rfc):
        parts.append(f"### {RFCS[rfc]}\n\n{_table(('Section', 'Level', 'Requirement', 'Outcome'), map(_row, group))}")
    return "\n".join(parts)


def _row(result: Result) -> tuple[str, ...]:
    requirement = result.requirement
    why = reason_for(result) and "on purpose, see above"
    outcome = f"{result.outcome}: {why or result.reason}" if result.reason else result.outcome
    return requirement.section, requirement.level, requirement.sentence, outcome
