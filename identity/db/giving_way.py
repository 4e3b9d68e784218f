"""How schema changes give way: waiting for a table's lock blocks every later request for it."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.db import OperationalError

LOCK_TIMEOUT = 0.8  # seconds: less than PostgreSQL's deadlock_timeout (1 s), so that no request is given up for us
REST = 2.0  # seconds in which those who waited behind us are served

_HELD_UP = {"55P03", "40P01"}  # lock_not_available, deadlock_detected


def is_held_up(error: OperationalError) -> bool:
    cause: Any = error.__cause__
    if getattr(cause, "sqlstate", None) in _HELD_UP:
        return True
    return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
