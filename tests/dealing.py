"""How the cases of a test are dealt out to the databases of a run (`--dealt`): the whole suite twice takes too long.

Each test runs on both databases, and each of its cases on one of them at least: on PostgreSQL, where a request takes
longer, every third from the first on; on SQLite the others. What a test of one database alone has, stays whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest

ONE_OF = 3
FOR_ONE_DATABASE = ("once", "postgresql", "browser")


def dealt(cases: Sequence[pytest.Item], vendor: str) -> list[pytest.Item]:
    """Those that the run on this database leaves to the one on the other."""
    left = []
    for of_one_test in _by_test(case for case in cases if not _is_elsewhere_never(case)):
        if len(of_one_test) > 1:
            left += [
                case for number, case in enumerate(of_one_test) if (number % ONE_OF == 0) != (vendor == "postgresql")
            ]
    return left


def _is_elsewhere_never(case: pytest.Item) -> bool:
    return any(case.get_closest_marker(name) is not None for name in FOR_ONE_DATABASE)


def _by_test(cases: Iterable[pytest.Item]) -> Iterable[list[pytest.Item]]:
    tests = defaultdict(list)
    for case in cases:
        tests[case.nodeid.partition("[")[0]].append(case)
    return tests.values()
