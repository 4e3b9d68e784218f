"""Log tables in parts by id, on PostgreSQL: old rows go with their part (docs/design/decisions/log-partitions.md).

A part holds the ids from its first up to its end. Some are always there ahead of the newest id, so that no insert
fails for want of one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Model

from identity.db.giving_way import LOCK_TIMEOUT, REST, is_held_up

IDS_EACH = 10_000_000
VALUES = 1000
FEW = 2 * IDS_EACH  # left to be given out: partitions are no longer being made
COUNTED_AT_ONCE = 1_000_000
AHEAD = 4  # whole parts beyond the newest id: 40,000,000 rows until the next look

TRIES = 5


@dataclass(frozen=True, slots=True)
class Log:
    """A table, its primary key, and the table whose sequence gives out the ids in it.

    `filters`: columns of few values that pages are filtered by.
    """

    table: str
    key: str = "id"
    numbered_by: str = ""
    filters: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.numbered_by or self.table


LOGS = (
    Log("identity_provisioninglog", filters=("identity_provider_id", "outcome")),
    Log("identity_auditevent", filters=("identity_provider_id", "action", "actor_kind")),
    Log("identity_auditpersonaldata", key="event_id", numbered_by="identity_auditevent"),
)
BY_TABLE = {log.table: log for log in LOGS}


@dataclass(frozen=True, slots=True)
class Part:
    """`first` is None for what the table held before it had parts: whatever is less than `end`."""

    name: str
    first: int | None
    end: int


_PARTS = """
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass(%s)
"""
_BOUNDS = re.compile(r"FOR VALUES FROM \((?:MINVALUE|'?(\d+)'?)\) TO \('?(\d+)'?\)")


def parts(connection: Any, table: str) -> list[Part]:
    """The parts of a table, oldest first; none where it has none."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, [table])
        found = [(name, _BOUNDS.fullmatch(bounds)) for name, bounds in cursor.fetchall()]
    return sorted(
        (Part(name, int(bounds[1]) if bounds[1] else None, int(bounds[2])) for name, bounds in found if bounds),
        key=lambda part: part.end,
    )


def ids_ahead(connection: Any, log: Log) -> int:
    """How many ids can still be given out."""
    return parts(connection, log.table)[-1].end - last_id(connection, log) - 1


def last_id(connection: Any, log: Log) -> int:
    """The newest id that was given out, committed or not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [log.source])
        (sequence,) = cursor.fetchone()
        given = "CASE WHEN is_called THEN last_value ELSE last_value - 1 END"
        cursor.execute(f"SELECT {given} FROM {sequence}")  # noqa: S608  catalogue
        return int(cursor.fetchone()[0])


def make_ahead(connection: Any) -> int:
    """Make the parts that the next rows will need; how many. Several hosts may do so at once."""
    return sum(again_if_held_up(lambda log=log: _make_ahead(connection, log)) for log in LOGS)  # type: ignore[misc]


def _make_ahead(connection: Any, log: Log) -> int:
    if not parts(connection, log.table) or ids_ahead(connection, log) >= AHEAD * IDS_EACH:
        return 0
    with briefly(connection) as cursor:
        cursor.execute(f"LOCK TABLE ONLY {log.table} IN SHARE UPDATE EXCLUSIVE MODE")  # one host after the other
        return add_parts(connection, log)


def add_parts(connection: Any, log: Log) -> int:
    """Make those that are missing ahead, in a transaction that has the lock; how many."""
    end, wanted, made = parts(connection, log.table)[-1].end, last_id(connection, log) + AHEAD * IDS_EACH, 0
    with connection.cursor() as cursor:
        while end <= wanted:
            name = f"{log.table}_from_{end}"
            # Made apart and attached: neither readers nor writers of the log wait.
            cursor.execute(f"CREATE TABLE {name} (LIKE {log.table} INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)")
            cursor.execute(
                f"ALTER TABLE {log.table} ATTACH PARTITION {name} FOR VALUES FROM ({end}) TO ({end + IDS_EACH})"
            )
            expect_many_values(cursor, log, name)
            end, made = end + IDS_EACH, made + 1
    return made


def expect_many_values(cursor: Any, log: Log, part: str) -> None:
    """Where a prepared page is planned for any value, each is taken for a rare one, to be found by its index.

    By its count of values it would be every second row's, and looked for from the newest row on: all rows for one
    that none has.
    """
    for column in log.filters:
        cursor.execute(f"ALTER TABLE {part} ALTER COLUMN {column} SET (n_distinct = {VALUES})")


def drop_before(connection: Any, model: type[Model], first_kept: Callable[[], int]) -> int:
    """Drop the parts whose rows have all lower ids than the first that is kept; how many rows went with them.

    Checked again once writes are blocked: a row with a lower id may have been committed.
    """
    rows, table = 0, model._meta.db_table
    for part in parts(connection, table)[:-1]:
        if part.end > first_kept():
            break
        rows += again_if_held_up(lambda part=part: _drop(connection, table, part, first_kept))  # type: ignore[misc]
    return rows


def _drop(connection: Any, table: str, part: Part, first_kept: Callable[[], int]) -> int:
    number = _rows(connection, table, part)
    with briefly(connection) as cursor:
        # The same that DROP takes; with a detached part it would be one on the tables that its rows lead to, too.
        cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
        if part not in parts(connection, table) or part.end > first_kept():
            return 0
        cursor.execute(f"DROP TABLE {part.name}")
    return number


def _rows(connection: Any, table: str, part: Part) -> int:
    """Counted in steps: no statement takes long."""
    key, total = BY_TABLE[table].key, 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min({key}), max({key}) FROM {part.name}")  # noqa: S608  catalogue
        low, high = cursor.fetchone()
        for start in range(low or 0, (high or -1) + 1, COUNTED_AT_ONCE):
            span = [start, start + COUNTED_AT_ONCE]
            counted = f"SELECT count(*) FROM {part.name} WHERE {key} >= %s AND {key} < %s"  # noqa: S608  catalogue
            cursor.execute(counted, span)
            total += cursor.fetchone()[0]
    return total


@contextmanager
def briefly(connection: Any) -> Iterator[Any]:
    """A transaction that gives way where others hold what it needs."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {int(LOCK_TIMEOUT * 1000)}")
        yield cursor


def again_if_held_up(work: Callable[[], int]) -> int:
    """Some tries, with a rest in between for those who waited; then the error."""
    for attempt in range(TRIES):
        try:
            return work()
        except OperationalError as error:
            if not is_held_up(error) or attempt == TRIES - 1:
                raise
        time.sleep(REST)
    raise AssertionError
