"""How many statements something costs: the same for few rows and for many, and no more than its surface allows.

Exact numbers are pinned where each statement is felt, on SCIM's hot path (tests/scim/test_statements.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TypeVar

from django.db import connection
from django.test.utils import CaptureQueriesContext

FEW, MANY = 2, 12

T = TypeVar("T")


class Most(IntEnum):
    """What one request or one call may cost, by surface (docs/performance.md)."""

    TOKEN = 1
    PART = 2
    LOOK_UP = 4
    CHANGE = 11
    BIG_CHANGE = 20
    REST = 4
    LIST = 9
    PAGE = 12
    EXPORT = 10
    POLL = 4


_FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")

# The notes that are written once a minute.
_NOTED = ("last_used_from", "identity_providercontact")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL of the block, filled at its end: without transaction control and what is noted once a minute."""
    seen: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield seen
    seen.extend(sql for query in captured if not is_aside(sql := query["sql"]))


def is_aside(sql: str) -> bool:
    return sql.startswith(_FRAME) or any(noted in sql for noted in _NOTED)


@contextmanager
def no_statements() -> Iterator[None]:
    """The block asks the database nothing at all."""
    with CaptureQueriesContext(connection) as captured:
        yield
    assert [query["sql"] for query in captured] == []


def cost(ask: Callable[[], object], most: Most) -> list[str]:
    """The statements of what is asked, which are at most so many."""
    with statements() as seen:
        ask()
    assert len(seen) <= most, listed(seen)
    return seen


def the_same(few: Sequence[str], many: Sequence[str]) -> None:
    assert len(few) == len(many), f"few: {listed(few)}\nmany: {listed(many)}"


def same_for(do: Callable[[T], object], few: T, many: T, most: Most) -> None:
    """It costs the same for little and for much at once."""
    the_same(cost(lambda: do(few), most), cost(lambda: do(many), most))


def same_for_many_rows(
    ask: Callable[[], object] | Sequence[Callable[[], object]], row: Callable[[int], object], most: Most
) -> None:
    """Ask while there are a few rows and when there are many; `row` makes the one of this number."""
    asks = [ask] if callable(ask) else ask
    costs = []
    for numbers in (range(FEW), range(FEW, MANY)):
        for number in numbers:
            row(number)
        costs.append([cost(one, most) for one in asks])
    for few, many in zip(*costs, strict=True):
        the_same(few, many)


def listed(seen: Sequence[str]) -> str:
    return "\n".join((f"{len(seen)} statements", *seen))
