"""Does the database answer, and does it take writes? Each question ends in time, or raises an error of the database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

TO_REACH, TO_ANSWER = 0.6, 1.2  # seconds: health checks answer within two
# More than the memory it may have, so that it writes a file beside the tables: a full disk refuses that.
_SPILL = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")


@contextmanager
def in_time() -> Iterator[None]:
    """The block's statements have little time each; SQLite has no server to wait for, but for another's writes."""
    wrapper: Any = connection
    if wrapper.vendor == "postgresql":
        with wrapper.in_time(reach=TO_REACH, answer=TO_ANSWER):
            yield
        return
    with _patience_of_sqlite(int(TO_ANSWER * 1000)):
        yield


@contextmanager
def _patience_of_sqlite(milliseconds: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        before = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")


def try_to_read() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def try_to_write() -> None:
    """A row that is gone again once it is committed: neither read-only nor in recovery, and the disk has room."""
    key, later = f"readiness-{secrets.token_hex(8)}", "2999-01-01 00:00:00+00"
    with _not_busy(), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _SPILL:
                cursor.execute(statement)
        cursor.execute("INSERT INTO shared_cache (cache_key, value, expires) VALUES (%s, '', %s)", [key, later])
        cursor.execute("DELETE FROM shared_cache WHERE cache_key = %s", [key])


@contextmanager
def _not_busy() -> Iterator[None]:
    """Somebody else is writing for longer: SQLite has one writer at a time, and writes work."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_BUSY":
            raise


def waiting_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
