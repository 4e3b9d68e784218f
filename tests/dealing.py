"""How the tests of a run are dealt out to its lanes (`--dealt LANE`): everything everywhere takes too long.

Each test of the rules and of SCIM runs on SQLite and on PostgreSQL, and each of its cases on one of them at least: of
three, the first on the PostgreSQL of the development tools, where a request takes longer, the others on SQLite. Another
PostgreSQL takes the second ones. Pages, commands, sign-in and the REST API stand on those rules: their tests take
turns, so that each file is on both. What runs on one database only stays whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import PurePosixPath

import pytest

# Which of three cases, from 0.
CASES = {"sqlite": {1, 2}, "postgresql": {0}, "postgresql-installed": {1}}
# Which of two tests that take turns, from 0.
TURNS = {"sqlite": {0}, "postgresql": {1}, "postgresql-installed": {0}}
LANES = tuple(CASES)
IN_TURNS = ("tests/portal", "tests/sso", "tests/api", "tests/company", "tests/conformance")
FOR_ONE_DATABASE = ("once", "postgresql", "browser")


def dealt(cases: Sequence[pytest.Item], lane: str) -> list[pytest.Item]:
    """Those that this lane leaves to the others."""
    left: list[pytest.Item] = []
    tests = _grouped((case for case in cases if not _is_for_one_database(case)), by=_test)
    for of_one_test in tests:
        if len(of_one_test) > 1:
            left += [case for number, case in enumerate(of_one_test) if number % 3 not in CASES[lane]]
    alone = (of_one_test[0] for of_one_test in tests if len(of_one_test) == 1)
    for of_one_file in _grouped((case for case in alone if _takes_turns(case)), by=_file):
        left += [case for number, case in enumerate(of_one_file) if number % 2 not in TURNS[lane]]
    return left


def _is_for_one_database(case: pytest.Item) -> bool:
    return any(case.get_closest_marker(name) is not None for name in FOR_ONE_DATABASE)


def _takes_turns(case: pytest.Item) -> bool:
    return any(PurePosixPath(_file(case)).is_relative_to(folder) for folder in IN_TURNS)


def _test(case: pytest.Item) -> str:
    return case.nodeid.partition("[")[0]


def _file(case: pytest.Item) -> str:
    return case.nodeid.partition("::")[0]


def _grouped(cases: Iterable[pytest.Item], *, by: Callable[[pytest.Item], Hashable]) -> list[list[pytest.Item]]:
    groups = defaultdict(list)
    for case in cases:
        groups[by(case)].append(case)
    return list(groups.values())
