"""The suite without the browser on odd dates, in far zones and in an ASCII locale: `python -m tests.odd_days`.

Names of days come first, all of them by default; what follows `--` goes to pytest:
`python -m tests.odd_days leap-day 2038 -- tests/sso -x`. Every process of a run lives on its day (clock.c):
commands, identity providers, PostgreSQL. Django's own zone is UTC in any case; the zone is PostgreSQL's, and that of
whatever asks before Django is there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from tests.odd_days.moved_clock import compiled_clock

HERE = Path(__file__).parent
REPORTS = HERE.parent.parent / "var" / "odd-days"
LOCALES = {
    "UTF-8": {"LC_ALL": "C.UTF-8"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Day:
    """A local time in its zone at which a run starts, and how the run's programs read and write text."""

    name: str
    starts: str
    zone: str
    locale: str
    databases: tuple[str, ...] = ("sqlite",)

    def environment(self, clock: Path) -> dict[str, str]:
        start = datetime.fromisoformat(self.starts).replace(tzinfo=ZoneInfo(self.zone))
        moved_by = round((start - datetime.now(UTC)).total_seconds())
        moved = {"LD_PRELOAD": str(clock), "CLOCK_MOVED_BY": str(moved_by), "TZ": self.zone}
        return moved | LOCALES[self.locale]


# Each date, zone and locale is there; who adds a row adds minutes. What is crossed is crossed while tests run: they
# begin after ten seconds on a quiet machine, and after a minute on a busy one.
DAYS = [
    Day("leap-day", "2028-02-29 12:00:00", "Asia/Tokyo", "ASCII", BOTH),
    Day("new-year", "2026-12-31 23:58:20", "UTC", "UTF-8"),
    Day("first-of-month", "2027-05-01 09:00:05", "Asia/Tokyo", "UTF-8"),  # of May in UTC as well, since five seconds
    Day("clocks-forward", "2027-03-14 01:58:20", "America/St_Johns", "ASCII"),
    Day("clocks-back", "2027-10-31 02:58:20", "Europe/Berlin", "UTF-8"),
    Day("2038", "2038-01-18 23:42:28", "America/St_Johns", "ASCII", BOTH),  # 03:12:28 UTC: 32 bits end at 03:14:08
    Day("2039", "2039-06-01 12:00:00", "Asia/Tokyo", "UTF-8"),
]


def main(arguments: list[str]) -> int:
    names, options = _split(arguments)
    unknown = set(names) - {day.name for day in DAYS}
    if unknown:
        raise SystemExit(f"No such day: {', '.join(sorted(unknown))}. There are {', '.join(d.name for d in DAYS)}.")
    REPORTS.mkdir(parents=True, exist_ok=True)
    failed = False
    with compiled_clock() as clock:
        for day in DAYS:
            for database in day.databases if not names or day.name in names else ():
                failed |= _run(day, database, clock, options) != 0
    return int(failed)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    where = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:where], arguments[where + 1 :]


def _run(day: Day, database: str, clock: Path, options: list[str]) -> int:
    """Run the suite and add a line to what is printed; pytest's exit code."""
    report = REPORTS / f"{day.name}-{database}.xml"
    report.unlink(missing_ok=True)
    sys.stdout.write(f"=== {day.name}: {day.starts} in {day.zone}, {day.locale}, {database}\n")
    sys.stdout.flush()
    which = "not browser and not once" if database == "postgresql" else "not browser"
    suite = [sys.executable, "-m", "pytest", "-q", "-m", which, f"--junit-xml={report}", *options]
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "LANG"}}
    environment |= day.environment(clock)
    if database == "postgresql":
        command = [sys.executable, "-m", "tests.postgres", "--", *suite]
    else:
        command, environment["EXPECT_DATABASE"] = suite, "sqlite"
    code = subprocess.run(command, env=environment, check=False).returncode
    sys.stdout.write(f"{_counted(report)}\n")
    return code


def _counted(report: Path) -> str:
    if not report.exists():
        return "no report: the run broke off"
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 -- of our own pytest
    tests, failures, errors, skipped = (int(suite.get(n, 0)) for n in ("tests", "failures", "errors", "skipped"))
    return f"{tests - failures - errors - skipped} passed, {failures + errors} failed, {skipped} skipped"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
