"""`python -m tests.mutants`: draw mutants, try them, and say who survived."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutants.coverage_map import KEPT, LEFT_OUT, Tests, measured
from tests.mutants.report import Trial, package_of, write
from tests.mutants.sites import ROOT, Mutant, mutants_of

PACKAGES = ("identity/services", "identity/policy.py", "scim", "portal/sso", "portal/api")
FEWEST = 12  # of a package, however small
LOCKS = re.compile(rb"select_for_update|for_update\(|lock\w*\(|again_if_raced")


def main() -> int:
    options = _options()
    KEPT.mkdir(parents=True, exist_ok=True)
    tests = None if options.tests else measured(jobs=options.jobs, old_is_good=options.old_map)
    if options.only:
        mutants = [mutant for mutant in mutants_of(options.only.partition(":")[0]) if _is_only(mutant, options.only)]
    else:
        mutants = draw(_files(options.paths), options.number, options.seed, tests)
    (KEPT / "results.jsonl").unlink(missing_ok=True)
    on_postgresql = [mutant for mutant in mutants if _locks(mutant)]
    _try([mutant for mutant in mutants if mutant not in on_postgresql], tests, options, [])
    _try(on_postgresql, tests, options, [sys.executable, "-m", "tests.postgres", "--"])
    results = [json.loads(line) for line in (KEPT / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    by_name = {mutant.name: mutant for mutant in mutants}
    sys.stdout.write(write([Trial(mutant=by_name[result.pop("name")], **result) for result in results]))
    return 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", default=PACKAGES)
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="PATH:LINE or the name of a mutant")
    parser.add_argument("--tests", nargs="*", help="try these files of tests, whatever the map says")
    parser.add_argument("--old-map", action="store_true", help="take the map of an earlier tree")
    return parser.parse_args()


def _is_only(mutant: Mutant, wanted: str) -> bool:
    return mutant.name == wanted or mutant.name.startswith(f"{wanted}:")


def _files(paths: list[str]) -> list[str]:
    found = [
        file for path in paths for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    ]
    return sorted(str(file.relative_to(ROOT)) for file in found)


def draw(files: list[str], number: int, seed: int, tests: Tests | None) -> list[Mutant]:
    """As many of each package as its size asks for; its kinds in turn, or the commonest would drown the others."""
    by_package: dict[str, list[Mutant]] = defaultdict(list)
    for file in files:
        by_package[package_of(file)] += mutants_of(file)
    whole = sum(len(mutants) for mutants in by_package.values())
    dice = random.Random(seed)
    drawn = []
    for mutants in by_package.values():
        share = max(min(FEWEST, number), round(number * len(mutants) / whole))
        ranks: dict[str, int] = defaultdict(int)
        dice.shuffle(mutants)
        ordered = []
        for mutant in mutants:
            ranks[mutant.kind] += 1
            ordered.append((ranks[mutant.kind], dice.random(), mutant))
        fit = (mutant for _, _, mutant in sorted(ordered, key=lambda entry: entry[:2]) if _is_fit(mutant, tests))
        drawn += [mutant for mutant, _ in zip(fit, range(share), strict=False)]
    return drawn


def _is_fit(mutant: Mutant, tests: Tests | None) -> bool:
    if tests is not None and tests.runs_at_import_only(mutant):
        return False
    return mutant.is_python((ROOT / mutant.path).read_bytes())


def _locks(mutant: Mutant) -> bool:
    """Whether the function that it changes holds locks."""
    original = (ROOT / mutant.path).read_bytes().splitlines(keepends=True)
    name = mutant.function.rpartition(".")[2].encode()
    starts = [number for number, line in enumerate(original) if re.match(rb"\s*(async )?def " + name + rb"\b", line)]
    start = max((number for number in starts if number < mutant.lines[0]), default=mutant.lines[0] - 1)
    return LOCKS.search(b"".join(original[start : mutant.lines[1]])) is not None


def _try(mutants: list[Mutant], tests: Tests | None, options: Any, within: list[str]) -> None:
    if not mutants:
        return
    chosen = [None if tests is None else tests.of(mutant) for mutant in mutants]
    files = options.tests or sorted({test.partition("::")[0] for found in chosen for test in found or ()})
    known = [asdict(mutant) | {"new": mutant.new.decode()} for mutant in mutants]
    file = KEPT / "plan.json"
    file.write_text(
        json.dumps(
            {
                "mutants": list(zip(known, chosen, strict=True)),
                "results": str(KEPT / "results.jsonl"),
                "jobs": options.jobs,
            }
        ),
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if within or name != "DATABASE_URL"}
    environment |= {"MUTANTS_PLAN": str(file), "EXPECT_DATABASE": "postgresql" if within else "sqlite"}
    command = [*within, sys.executable, "-m", "pytest", "-p", "tests.mutants.trials", "-q", "-s", "-m", "not browser"]
    command += ["-p", "no:cacheprovider", *(f"--ignore={path}" for path in LEFT_OUT), *files]
    subprocess.run(command, cwd=Path(ROOT), env=environment, check=False)


if __name__ == "__main__":
    sys.exit(main())
