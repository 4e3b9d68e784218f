"""How much is tried of what is made up: all of it on one database of a run, a quarter on the other.

What a database's own SQL, types or locks decide is at home on PostgreSQL, everything else on SQLite, which is quicker.
`HYPOTHESIS_PROFILE=thorough` looks further, on whichever database: 20,000 examples, other ones each time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection

if TYPE_CHECKING:
    from hypothesis import settings

IS_THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
AWAY = 4  # one of so many is tried on the other database

SQLITE, POSTGRESQL = "sqlite", "postgresql"
Case = TypeVar("Case")


def share(most: int, *, home: str) -> int:
    """How many of `most` this run tries."""
    return most if IS_THOROUGH or connection.vendor == home else max(1, most // AWAY)


def some(cases: Sequence[Case], *, home: str) -> Sequence[Case]:
    """Those of the written-down cases that this run tries: from the first to the last, evenly."""
    return cases if IS_THOROUGH or connection.vendor == home else cases[::AWAY]


def examples(most: int, *, home: str, **more: Any) -> settings:
    """For a test of hypothesis: the suite says the same thing each time."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415 - only who needs it waits for its import

    return settings(
        max_examples=20_000 if IS_THOROUGH else share(most, home=home),
        derandomize=not IS_THOROUGH,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **{"phases": [phase for phase in Phase if phase is not Phase.explain], **more},
    )
