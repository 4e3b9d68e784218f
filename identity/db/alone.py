"""One migration at a time: of several hosts that start together one migrates, the others find it done."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KEY = 0x6A7E_0001  # of PostgreSQL's advisory locks, of which each database has its own
ASKS_EVERY = 0.2  # seconds


@contextmanager
def alone(connection: Any, waits: Callable[[], object]) -> Iterator[None]:
    """Hold this database's migration lock while the block runs; `waits` is called once if another process has it."""
    hold = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with hold(connection, waits):
        yield


@contextmanager
def _on_postgresql(connection: Any, waits: Callable[[], object]) -> Iterator[None]:
    """A transaction on its own connection, which a pooler doesn't split; it holds no row and no snapshot."""
    beside = connection.copy()
    try:
        beside.set_autocommit(False)
        with beside.cursor() as cursor:
            _until(lambda: _got(cursor), waits)
        yield
    finally:
        beside.close()


def _got(cursor: Any) -> bool:
    """Its SELECT stays open, with a snapshot that an index made concurrently waits for, until the next statement."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY])
    (got,) = cursor.fetchone()
    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    return bool(got)


@contextmanager
def _on_sqlite(connection: Any, waits: Callable[[], object]) -> Iterator[None]:
    """A lock file next to the database's; an in-memory database has no other users."""
    name = str(connection.settings_dict["NAME"])
    if connection.is_in_memory_db():
        yield
        return
    with Path(f"{name}.migrating").open("w", encoding="ascii") as file:
        _until(lambda: _locked(file), waits)
        yield


def _locked(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _until(got: Callable[[], bool], waits: Callable[[], object]) -> None:
    if got():
        return
    waits()
    while not got():
        time.sleep(ASKS_EVERY)
