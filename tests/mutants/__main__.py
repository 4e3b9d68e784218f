"""`python -m tests.mutants`: draw mutants, try them, and say who lives."""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from itertools import islice
from typing import Any

from tests.environment import without_database
from tests.mutants.coverage_map import KEPT, LEFT_OUT, Tests, measured
from tests.mutants.report import LIVING, Trial, package_of, write
from tests.mutants.sites import ROOT, Mutant, mutants_of

PACKAGES = (
    *("identity/services", "identity/queries", "identity/core", "identity/db", "identity/policy.py"),
    *("scim", "portal/sso", "portal/api"),
)
FEWEST = 12  # of a package, however small
LOCKS = re.compile(r"for_update\(|\b_?lock\w*\(|again_if_raced")
RESULTS, PLAN = KEPT / "results.jsonl", KEPT / "plan.json"


def main() -> int:
    options = _options()
    KEPT.mkdir(parents=True, exist_ok=True)
    tests = None if options.tests else measured(jobs=options.jobs, old_is_good=options.old_map)
    if options.again:
        mutants = [mutant for mutant, result in _results() if result["outcome"] in LIVING]
    elif options.only:
        mutants = [mutant for wanted in options.only for mutant in _named(wanted)]
    else:
        mutants = draw(_files(options.paths), options.number, options.seed, tests)
    if not options.again:
        RESULTS.unlink(missing_ok=True)
    on_postgresql = [mutant for mutant in mutants if _locks(mutant)]
    _try([mutant for mutant in mutants if mutant not in on_postgresql], tests, options, [])
    _try(on_postgresql, tests, options, [sys.executable, "-m", "tests.postgres", "--"])
    sys.stdout.write(write([Trial(mutant, **result) for mutant, result in _results()]))
    return 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", default=PACKAGES)
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most", type=int, default=0, help="try at most so many tests with each: a first round")
    parser.add_argument("--again", action="store_true", help="try those that live from the last round")
    parser.add_argument("--only", nargs="*", help="PATH:LINE or the name of a mutant")
    parser.add_argument("--tests", nargs="*", help="try these files of tests, whatever the map says")
    parser.add_argument("--old-map", action="store_true", help="take the map of an earlier tree")
    return parser.parse_args()


def _named(wanted: str) -> list[Mutant]:
    known = mutants_of(wanted.partition(":")[0])
    return [mutant for mutant in known if mutant.name == wanted or mutant.name.startswith(f"{wanted}:")]


def _files(paths: list[str]) -> list[str]:
    wanted = [ROOT / path for path in paths]
    found = [file for path in wanted for file in (path.rglob("*.py") if path.is_dir() else [path])]
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
        dice.shuffle(mutants)
        turns: dict[str, int] = defaultdict(int)
        in_turn = []
        for mutant in mutants:
            turns[mutant.kind] += 1
            in_turn.append((turns[mutant.kind], dice.random(), mutant))
        in_turn.sort(key=lambda entry: entry[:2])
        drawn += islice((mutant for _, _, mutant in in_turn if _is_fit(mutant, tests)), share)
    return drawn


def _is_fit(mutant: Mutant, tests: Tests | None) -> bool:
    if tests is not None and tests.runs_at_import_only(mutant):
        return False
    return mutant.is_python((ROOT / mutant.path).read_bytes())


def _locks(mutant: Mutant) -> bool:
    """Whether the function that it changes holds locks."""
    source, line = (ROOT / mutant.path).read_text(encoding="utf-8"), mutant.lines[0]
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    spans = [(one.lineno, one.end_lineno or 0) for one in functions if one.lineno <= line <= (one.end_lineno or 0)]
    lines = source.splitlines()
    return any(LOCKS.search("\n".join(lines[first - 1 : last])) for first, last in spans)


def _try(mutants: list[Mutant], tests: Tests | None, options: Any, within: list[str]) -> None:
    if not mutants:
        return
    chosen = [None if tests is None else tests.of(mutant) for mutant in mutants]
    files = options.tests or sorted({test.partition("::")[0] for found in chosen for test in found or ()})
    known = [asdict(mutant) | {"new": mutant.new.decode()} for mutant in mutants]
    plan = {"mutants": list(zip(known, chosen, strict=True)), "results": str(RESULTS)}
    PLAN.write_text(json.dumps(plan | {"jobs": options.jobs, "most": options.most}), encoding="utf-8")
    environment = dict(os.environ) if within else without_database()
    environment |= {"MUTANTS_PLAN": str(PLAN), "EXPECT_DATABASE": "postgresql" if within else "sqlite"}
    command = [*within, sys.executable, "-m", "pytest", "-p", "tests.mutants.trials", "-q", "-s", "-m", "not browser"]
    command += ["-o", f"cache_dir={KEPT / 'cache'}", *(f"--ignore={path}" for path in LEFT_OUT), *files]
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


def _results() -> list[tuple[Mutant, dict[str, Any]]]:
    """The last word on each mutant."""
    found = {result.pop("name"): result for result in map(json.loads, RESULTS.read_text(encoding="utf-8").splitlines())}
    by_name = {
        mutant.name: mutant for path in {name.partition(":")[0] for name in found} for mutant in mutants_of(path)
    }
    return [(by_name[name], result) for name, result in found.items()]


if __name__ == "__main__":
    sys.exit(main())
