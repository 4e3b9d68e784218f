"""`python -m tests.bench [names] [--scale small|full]`, and `python -m tests.bench report`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
import traceback

from tests.bench import databases, machine, report, scenarios
from tests.bench.processes import VAR
from tests.bench.registry import SCALES, SCENARIOS, Result, Scale, Scenario, Skipped

assert tuple(SCENARIOS) == scenarios.NAMES


def main(arguments: list[str]) -> int:
    # Told to stop, Python would leave without its `finally` blocks, and the servers would live on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"report, or any of {', '.join(SCENARIOS)}; all by default"
    )
    parser.add_argument("--scale", choices=SCALES, default="full")
    chosen = parser.parse_args(arguments)
    if chosen.names == ["report"]:
        return report.write()
    unknown = set(chosen.names) - SCENARIOS.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    return run_all(chosen.names or list(SCENARIOS), SCALES[chosen.scale])


def run_all(names: list[str], scale: Scale) -> int:
    """Run them one after the other; one that fails does not keep the others from running."""
    VAR.mkdir(parents=True, exist_ok=True)
    try:
        failed = [name for name in names if not _run(SCENARIOS[name], scale)]
    finally:
        databases.drop_all()
    if failed:
        print(f"\nFailed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def _run(wanted: Scenario, scale: Scale) -> bool:
    print(f"\n=== {wanted.title} ({wanted.name}, {scale.name})", flush=True)
    started = time.perf_counter()
    try:
        result = wanted.run(scale)
    except Skipped as reason:
        print(f"Skipped: {reason}")
        return True
    except Exception:  # noqa: BLE001 - whatever one scenario runs into, the others still run
        traceback.print_exc()
        return False
    _show(result)
    print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    facts = {"name": wanted.name, "title": wanted.title, "scale": scale.name, "machine": machine.describe()}
    (VAR / f"{wanted.name}.json").write_text(json.dumps(facts | dataclasses.asdict(result), indent=1), encoding="utf-8")
    return True


def _show(result: Result) -> None:
    for table in result.tables:
        print("\n" + report.text_table(table))
    for target in result.targets:
        print(f"{report.VERDICTS[target.met]:>10}  {target.what}: {target.measured} (must: {target.must})")
    for note in result.notes:
        print(note)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
