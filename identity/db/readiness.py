"""Does the database answer, and accept writes? Each check finishes in time or raises a database error."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

TO_REACH, TO_ANSWER = 0.6, 1.2  # seconds: health checks answer within two
# Exceeds work_mem, so that PostgreSQL writes a temporary file: a full disk refuses that.
_SPILL = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")


@contextmanager
def in_time() -> Iterator[None]:
    """The block's statements have a short time limit; on SQLite, the wait for another writer is limited."""
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
    """Insert a row and delete it before the commit: not read-only, not in recovery, and the disk has room."""
    key, later = f"readiness-{secrets.token_hex(8)}", "2999-01-01 00:00:00+00"
    with _not_busy(), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _SPILL:
                cursor.execute(statement)
        cursor.execute("INSERT INTO shared_cache (cache_key, value, expires) VALUES (%s, '', %s)", [key, later])
        cursor.execute("DELETE FROM shared_cache WHERE cache_key = %s", [key])


@contextmanager
def _not_busy() -> Iterator[None]:
    """A longer write of another process is no failure: SQLite has one writer at a time."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_BUSY":
            raise


def waiting_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
