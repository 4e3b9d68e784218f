"""Who migrates is alone: of several hosts that start at once one migrates, and the others find it done."""

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
    """Hold the lock of this database's migrations while the block runs; `waits` is called once if somebody has it."""
    hold = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    with hold(connection, waits):
        yield


@contextmanager
def _on_postgresql(connection: Any, waits: Callable[[], object]) -> Iterator[None]:
    """By a transaction on a connection of its own, which a pooler keeps together; it holds no row and no snapshot."""
    beside = connection.copy()
    try:
        beside.set_autocommit(False)
        with beside.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            _until(lambda: _got(cursor), waits)
        yield
    finally:
        beside.close()


def _got(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY])
    return bool(cursor.fetchone()[0])


@contextmanager
def _on_sqlite(connection: Any, waits: Callable[[], object]) -> Iterator[None]:
    """By a file beside the database's; one in memory is nobody else's."""
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
