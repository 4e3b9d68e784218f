"""How the cases of a test are dealt out to the lanes of a run (`--dealt LANE`): everything everywhere takes too long.

Each test runs on SQLite and on PostgreSQL, and each of its cases on one of them at least: of three, the first on the
PostgreSQL of the development tools, where a request takes longer, the others on SQLite. Another PostgreSQL takes the
second ones. What runs on one database only stays whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

# Which of three cases, from 0.
LANES = {"sqlite": {1, 2}, "postgresql": {0}, "postgresql-installed": {1}}
FOR_ONE_DATABASE = ("once", "postgresql", "browser")


def dealt(cases: Sequence[pytest.Item], lane: str) -> list[pytest.Item]:
    """Those that this lane leaves to the others."""
    left = []
    for of_one_test in _by_test(case for case in cases if not _is_for_one_database(case)):
        if len(of_one_test) > 1:
            left += [case for number, case in enumerate(of_one_test) if number % 3 not in LANES[lane]]
    return left


def _is_for_one_database(case: pytest.Item) -> bool:
    return any(case.get_closest_marker(name) is not None for name in FOR_ONE_DATABASE)


def _by_test(cases: Iterable[pytest.Item]) -> Iterable[list[pytest.Item]]:
    tests = defaultdict(list)
    for case in cases:
        tests[case.nodeid.partition("[")[0]].append(case)
    return tests.values()
