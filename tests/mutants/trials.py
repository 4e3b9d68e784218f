"""A pytest plugin that tries mutants: collects once, makes the database once, then forks a child for each mutant.

The child has a copy of the database and gives the functions that the mutant changes their new code. A kill counts
once the same test passes without the mutant.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections

from tests.mutants.caches import everything, forget
from tests.mutants.measuring import function_of
from tests.mutants.sites import ROOT, Mutant

SECONDS_WITHOUT_A_RESULT = 60


def pytest_configure(config: pytest.Config) -> None:
    plan = json.loads(Path(os.environ["MUTANTS_PLAN"]).read_text(encoding="utf-8"))
    config.pluginmanager.register(Trials(plan))


class Trials:
    """The plan names mutants with their tests, where results go, how many are tried at once, with how many tests."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.mutants = [(_mutant(known), tests) for known, tests in plan["mutants"]]
        self.results = Path(plan["results"])
        self.jobs: int = plan["jobs"]
        self.most: int = plan["most"]
        self.items: dict[str, pytest.Item] = {}
        self.sound: set[str] = set()
        self.unfit: set[str] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.session = session
        self.items = {item.nodeid: item for item in session.items}
        self._make_the_database()
        children = [_fork(lambda job=job: self._try_all(self.mutants[job :: self.jobs])) for job in range(self.jobs)]
        for child in children:
            os.waitpid(child, 0)
        return True

    def _make_the_database(self) -> None:
        """By running one test that uses it; what is made for the session stays."""
        self._run([item for item in self.session.items if _uses_the_database(item)][:1])
        connections.close_all()

    def _try_all(self, mutants: list[tuple[Mutant, list[str] | None]]) -> None:
        for mutant, tests in mutants:
            started = time.monotonic()
            outcome, test = self._try(mutant, tests)
            seconds = round(time.monotonic() - started, 1)
            line = {"name": mutant.name, "outcome": outcome, "test": test, "seconds": seconds}
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"tests": len(self._candidates(tests))}) + "\n")

    def _try(self, mutant: Mutant, tests: list[str] | None) -> tuple[str, str]:
        while True:
            fit = [test for test in self._candidates(tests) if test not in self.unfit]
            if not fit:
                return "no test", ""
            outcome, test = self._in_a_child(mutant, fit)
            if not test or test in self.sound:
                return outcome, test
            if self._in_a_child(None, [test])[0] == "survived":
                self.sound.add(test)
                return outcome, test
            self.unfit.add(test)

    def _candidates(self, tests: list[str] | None) -> list[str]:
        """Those of the map first, then their other cases, which the map does not know."""
        if tests is None:
            return list(self.items)
        functions = {function_of(test) for test in tests}
        known = [test for test in tests if test in self.items]
        others = [test for test in self.items if function_of(test) in functions and test not in set(known)]
        return [*known, *others][: self.most or None]

    # --- one child ---

    def _in_a_child(self, mutant: Mutant | None, tests: list[str]) -> tuple[str, str]:
        reader, writer = os.pipe()
        with _copy_of_the_database() as name:
            child = _fork(lambda: self._be_the_child(mutant, tests, name, writer))
            os.close(writer)
            said, ended = _listen(reader)
            os.close(reader)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        last = (said.splitlines() or [""])[-1]
        running = "".join(tests[said.count("passed\n") :][:1])
        if not ended:
            return "killed by time", running
        if last in ("survived", "not tried"):
            return last, ""
        return "killed", running  # as well when the child could say nothing any more

    def _be_the_child(self, mutant: Mutant | None, tests: list[str], database: str, writer: int) -> None:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        connection.settings_dict["NAME"] = settings.DATABASES[connection.alias]["NAME"] = database
        forget()
        try:
            if mutant is not None:
                put_in(mutant)
        except ValueError:
            os.write(writer, b"not tried\n")
            return
        items = [self.items[test] for test in tests]
        os.write(writer, b"survived\n" if self._run(items, lambda: os.write(writer, b"passed\n")) else b"killed\n")

    def _run(self, items: list[pytest.Item], passed: Callable[[], Any] = lambda: None) -> bool:
        """Whether all of them pass; the first that doesn't is the last one."""
        failures = _Failures()
        self.session.config.pluginmanager.register(failures)
        # The fixtures of the session stay for those that come later, so it follows each last item.
        for item, following in pairwise([*items, self.session]):
            try:
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            except BaseException:  # noqa: BLE001 - whatever a mutant does to pytest itself is a kill
                return False
            if failures.seen:
                return False
            passed()
        self.session.config.pluginmanager.unregister(failures)
        return True


class _Failures:
    def __init__(self) -> None:
        self.seen = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seen |= report.failed


def _mutant(known: dict[str, Any]) -> Mutant:
    return Mutant(**known | {"new": known["new"].encode(), "lines": tuple(known["lines"])})


def _uses_the_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or "db" in getattr(item, "fixturenames", ())


def _fork(work: Callable[[], Any]) -> int:
    """The id of a process that does this and ends."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except Exception:  # noqa: BLE001 - or nobody would hear of it
        traceback.print_exc()
    finally:
        os._exit(0)


def _listen(reader: int) -> tuple[str, bool]:
    """All that a child says, and whether it came to an end."""
    said = ""
    while select.select([reader], [], [], SECONDS_WITHOUT_A_RESULT)[0]:
        more = os.read(reader, 4096)
        if not more:
            return said, True
        said += more.decode()
    return said, False


@contextlib.contextmanager
def _copy_of_the_database() -> Iterator[str]:
    """The name of a database that is as the session's was when it was made."""
    name = str(connection.settings_dict["NAME"])
    copy = f"{name}_{os.getpid()}"
    if connection.vendor == "sqlite":
        shutil.copyfile(name, copy)
        yield copy
        for left in Path(copy).parent.glob(f"{Path(copy).name}*"):
            left.unlink()
        return
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        yield copy
        server.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')


# --- changing what runs ---


def put_in(mutant: Mutant) -> None:
    """Change the process that runs. ValueError if Python can't."""
    import_module(_module(mutant))  # else the first request does it
    if mutant.is_global:
        _change_constants(mutant, mutant.source((ROOT / mutant.path).read_bytes()))
        return
    for function, code in code_with(mutant):
        function.__code__ = code


def code_with(mutant: Mutant) -> list[tuple[FunctionType, CodeType]]:
    """The functions of this process that the mutant changes, with their new code. ValueError if there are none."""
    path = ROOT / mutant.path
    original = path.read_bytes()
    old, new = (compile(source, str(path), "exec") for source in (original, mutant.source(original)))
    changed = {before: after for before, after in _alike(old, new) if before != after}
    functions = [found for found in everything() if type(found) is FunctionType]
    hit = [found for found in functions if found.__code__.co_filename == str(path) and found.__code__ in changed]
    if not hit:
        raise ValueError(f"{mutant.name} changes no function")
    return [(function, changed[function.__code__]) for function in hit]


def _alike(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Each function's code with what it has become: a mutant adds and drops no functions."""
    pairs = [[part for part in code.co_consts if isinstance(part, CodeType)] for code in (old, new)]
    if len(pairs[0]) == len(pairs[1]):
        for before, after in zip(*pairs, strict=True):
            yield before, after
            yield from _alike(before, after)


def _module(mutant: Mutant) -> str:
    return mutant.path.removesuffix(".py").replace("/", ".")


def _change_constants(mutant: Mutant, source: bytes) -> None:
    """Read the strings of the module anew."""
    module = sys.modules[_module(mutant)]
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if isinstance(getattr(module, name, None), str):
                value = compile(ast.Expression(statement.value), mutant.path, "eval")
                setattr(module, name, eval(value, vars(module)))  # noqa: S307
