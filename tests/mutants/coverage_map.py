"""Which tests run which lines: measured once for a tree, kept under var/mutants."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coverage import CoverageData

from tests.mutants.sites import ROOT, Mutant

KEPT = ROOT / "var" / "mutants"
DIGEST = KEPT / "digest"

# Hypothesis runs of hundreds of examples would take most of the time, under coverage and with every mutant.
LEFT_OUT = (
    "tests/api/test_schemathesis.py",
    "tests/bench",
    "tests/browser",
    "tests/conformance",
    "tests/scim/test_filter_model.py",
    "tests/scim/test_no_500.py",
    "tests/scim/test_patch_model.py",
    "tests/test_architecture.py",
    "tests/test_docs.py",
    "tests/test_settings.py",
    "tests/test_supply_chain.py",
)
PLUGIN = ("-p", "tests.mutants.measuring", "-q", "-o", f"cache_dir={KEPT / 'cache'}", "-m", "not browser")
COVERAGE = ("--cov=identity", "--cov=scim", "--cov=portal", "--cov-context=test", "--cov-report=")


def measured(*, jobs: int, old_is_good: bool = False) -> Tests:
    """The map of this tree; made anew if the tree has changed, which takes as long as the suite does twice."""
    digest = _digest()
    if not (DIGEST.exists() and (old_is_good or DIGEST.read_text(encoding="utf-8") == digest)):
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(_measure, _parts()))
        DIGEST.write_text(digest, encoding="utf-8")
    return Tests()


def _parts() -> list[str]:
    """What is measured in a process of its own: a folder of tests, or a file beside them."""
    found = [path for path in (ROOT / "tests").iterdir() if (path / "__init__.py").exists() or path.match("test_*.py")]
    return sorted({str(path.relative_to(ROOT)) for path in found} - set(LEFT_OUT))


def _measure(part: str) -> None:
    name = Path(part).stem
    environment = os.environ | {
        "COVERAGE_FILE": str(KEPT / f"coverage.{name}"),
        "COVERAGE_CORE": "ctrace",  # Python 3.14's own way of counting tells only the first test that comes by
        "MUTANTS_SECONDS": str(KEPT / f"seconds.{name}.json"),
    }
    command = [sys.executable, "-m", "pytest", *PLUGIN, *COVERAGE, *(f"--ignore={path}" for path in LEFT_OUT), part]
    with (KEPT / f"{name}.log").open("w", encoding="utf-8") as log:  # tests that fail are left out
        subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)


def _digest() -> str:
    files = [file for package in ("identity", "scim", "portal", "tests") for file in _files(package)]
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(file.encode() + b"\0" + (ROOT / file).read_bytes())
    return whole.hexdigest()


def _files(package: str) -> list[str]:
    found = [*(ROOT / package).rglob("*.py"), *(ROOT / package).rglob("*.html")]
    return [str(file.relative_to(ROOT)) for file in found if "node_modules" not in file.parts]


class Tests:
    """Which tests run a mutant, the quickest of each file first: neighbours often see the same."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        for file in KEPT.glob("seconds.*.json"):
            self.seconds |= json.loads(file.read_text(encoding="utf-8"))
        self._data = [CoverageData(str(file)) for file in KEPT.glob("coverage.*")]
        for data in self._data:
            data.read()
        self._lines: dict[str, dict[int, set[str]]] = {}

    def of(self, mutant: Mutant) -> list[str]:
        return self._in_turn(self._contexts(mutant))

    def runs_at_import_only(self, mutant: Mutant) -> bool:
        """A process that is prepared can't try it: what the function made is made."""
        return self._contexts(mutant) == {""}

    def _contexts(self, mutant: Mutant) -> set[str]:
        if mutant.is_global:
            return self._of_lines(mutant.path, _lines_that_use(mutant.path, mutant.function))
        return self._of_range(mutant.path, mutant.lines) or self._of_range(mutant.path, mutant.statement)

    def _of_range(self, path: str, lines: tuple[int, int]) -> set[str]:
        return self._of_lines(path, range(lines[0], lines[1] + 1))

    def _of_lines(self, path: str, lines: Iterable[int]) -> set[str]:
        if path not in self._lines:
            self._lines[path] = by_line = defaultdict[int, set[str]](set)
            for data in self._data:
                for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items():
                    by_line[line] |= {context.rpartition("|")[0] for context in contexts}
        return set[str]().union(*(self._lines[path].get(line, ()) for line in lines))

    def _in_turn(self, tests: Iterable[str]) -> list[str]:
        by_file = defaultdict(list)
        for test in sorted((test for test in tests if test in self.seconds), key=self.seconds.__getitem__):
            by_file[test.partition("::")[0]].append(test)
        ranked = [(rank, self.seconds[test], test) for found in by_file.values() for rank, test in enumerate(found)]
        return [test for _, _, test in sorted(ranked)]


def _lines_that_use(path: str, constant: str) -> Iterator[int]:
    """The lines of functions that read this constant of their module, or one that is made of it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    names = {constant}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and _reads(statement.value, names):
            names |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(_reads(statement, names) for statement in node.body):
            for statement in node.body:
                yield from range(statement.lineno, (statement.end_lineno or 0) + 1)


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(found, ast.Name) and found.id in names for found in ast.walk(node))
