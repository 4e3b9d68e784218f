"""How many statements something costs: the same for few rows and for many, and no more than its surface allows.

Exact numbers are pinned where each statement is felt, on SCIM's hot path (tests/scim/test_statements.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection
from django.test.utils import CaptureQueriesContext

FEW, MANY = 2, 12

T = TypeVar("T")


class Most:
    """What one request or one call may cost, by surface (docs/performance.md)."""

    TOKEN = 1  # paid by every request with a token
    PART = 2  # one step of a comparison that goes on in parts
    LOOK_UP = 4  # in the domain, for any number of names
    CHANGE = 12  # in the domain, of any number of members: one of them counts who leaves, for the brake
    BIG_CHANGE = 19  # of somebody in groups, tokens and sessions
    REST = 3
    LIST = 10
    EXPORT = 10
    PAGE = 12
    SMALL_PAGE = 4  # what is polled, or has one list


_FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")

# What is written once a minute: a token's last use, and when an identity provider was heard.
_NOTED = ("last_used_from", "identity_providercontact")


@contextmanager
def statements(on: Any = connection) -> Iterator[list[str]]:
    """The SQL of the block, filled at its end: without transaction control and what is noted once a minute."""
    seen: list[str] = []
    with CaptureQueriesContext(on) as captured:
        yield seen
    seen.extend(sql for query in captured if not is_aside(sql := query["sql"]))


def is_aside(sql: str) -> bool:
    return sql.startswith(_FRAME) or (not sql.startswith("SELECT") and any(noted in sql for noted in _NOTED))


@contextmanager
def no_statements() -> Iterator[None]:
    """The block asks the database nothing at all."""
    with CaptureQueriesContext(connection) as captured:
        yield
    assert [query["sql"] for query in captured] == []


def cost(ask: Callable[[], object], most: int) -> list[str]:
    """The statements of what is asked, which are at most so many."""
    with statements() as seen:
        ask()
    assert len(seen) <= most, listed(seen)
    return seen


def the_same(few: Sequence[str], many: Sequence[str]) -> None:
    assert len(few) == len(many), f"few: {listed(few)}\nmany: {listed(many)}"


def same_for(do: Callable[[T], object], few: T, many: T, most: int) -> None:
    """It costs the same for little and for much at once."""
    the_same(cost(lambda: do(few), most), cost(lambda: do(many), most))


def same_for_many_rows(
    ask: Callable[[], object] | Sequence[Callable[[], object]], row: Callable[[int], object], most: int
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
