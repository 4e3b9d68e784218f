"""How the tests of a run are dealt out to its lanes (`--dealt LANE`): everything everywhere takes too long.

The product's rules, its upgrades and what is about the database itself run on SQLite and on PostgreSQL. All other tests
take turns, so that each file is on both. Of the cases of a parametrized test each runs on one of them at least: of
three, the first on the PostgreSQL of the development tools, where a request takes longer, the others on SQLite. Another
PostgreSQL takes the second ones. What runs on one database only stays whole.
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
# Where a release of PostgreSQL may differ from another: locks, triggers, plans, and SQL that is put together here.
ABOUT_THE_DATABASE = (
    *(f"tests/identity/test_{name}.py" for name in (
        "deletion", "drift", "event_stream", "frozen_database", "inserting", "opposites", "races", "sign_in_races",
        "statements",
    )),
    *(f"tests/scim/test_{name}.py" for name in (
        "concurrency", "empty_statistics", "filter_model", "look_ups", "sort_model", "statements",
    )),
    "tests/api/test_races.py",
)  # fmt: skip
ON_BOTH = (*ABOUT_THE_DATABASE, "tests/test_product_rules.py", "tests/upgrades")
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
    return not any(PurePosixPath(_file(case)).is_relative_to(place) for place in ON_BOTH)


def _test(case: pytest.Item) -> str:
    return case.nodeid.partition("[")[0]


def _file(case: pytest.Item) -> str:
    return case.nodeid.partition("::")[0]


def _grouped(cases: Iterable[pytest.Item], *, by: Callable[[pytest.Item], Hashable]) -> list[list[pytest.Item]]:
    groups = defaultdict(list)
    for case in cases:
        groups[by(case)].append(case)
    return list(groups.values())
