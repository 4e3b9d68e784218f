"""What got slower: the time of each file of tests beside the one that tests/durations.json remembers.

`python -m tests.durations` remembers those of the last run of the suite. Machines differ: so all of a run is held
against all of the remembered one first, and a file is told when its share has grown.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path

REMEMBERED = Path(__file__).parent / "durations.json"
REPORTS = Path(__file__).resolve().parent.parent / "var" / "tests"
GREW = 1.5
BY_SECONDS = 3.0
TOLD = 15

Seconds = dict[str, float]


def of(report: Path) -> Seconds:
    """Seconds of each file of a JUnit report, set-up and clean-up included."""
    seconds: Seconds = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        name = case.get("classname", "")
        seconds[name] = seconds.get(name, 0.0) + float(case.get("time", 0))
    return seconds


def slower(now: Seconds, before: Seconds) -> list[tuple[str, float, float]]:
    """(file, seconds now, seconds expected of it), the worst first; a new file is expected to take none."""
    both = now.keys() & before.keys()
    scale = sum(now[name] for name in both) / (sum(before[name] for name in both) or 1) if both else 1
    expected = {name: before.get(name, 0.0) * scale for name in now}
    grown = [
        (name, seconds, expected[name])
        for name, seconds in now.items()
        if seconds > GREW * expected[name] and seconds - expected[name] > BY_SECONDS
    ]
    return sorted(grown, key=lambda row: row[2] - row[1])


def tell(reports: Mapping[str, Path]) -> None:
    """Print what got slower in each lane; nothing to compare with is said as well."""
    remembered = json.loads(REMEMBERED.read_text(encoding="utf-8")) if REMEMBERED.exists() else {}
    for lane, report in reports.items():
        if not report.exists():
            continue
        if lane not in remembered:
            sys.stdout.write(f"{lane}: no times to compare with (make durations)\n")
            continue
        grown = slower(of(report), remembered[lane])[:TOLD]
        sys.stdout.write(f"{lane}: {'slower than remembered' if grown else 'nothing got slower'}\n")
        for name, now, expected in grown:
            sys.stdout.write(f"  {name:60} {now:6.1f} s, expected {expected:.1f} s\n")
    sys.stdout.flush()


def remember() -> None:
    lanes = {report.stem: of(report) for report in sorted(REPORTS.glob("*.xml"))}
    rounded = {
        lane: {name: round(value, 1) for name, value in sorted(seconds.items())} for lane, seconds in lanes.items()
    }
    REMEMBERED.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    remember()
