"""What a connection of the portal's is set to where it can't say so itself: kept for its role in this database.

A pooler that hands connections out for one transaction passes no settings on; PostgreSQL gives a role's own to each
connection that it opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql


def keep(connection: BaseDatabaseWrapper, settings: Mapping[str, str]) -> None:
    """For every connection that this role opens to this database from now on."""
    with connection.cursor() as cursor:
        database = str(_one(cursor, "SELECT current_database()"))
        for name, value in settings.items():
            statement = sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} SET {} = {}")
            cursor.execute(statement.format(sql.Identifier(database), sql.Identifier(name), sql.Literal(value)))


def differing(connection: BaseDatabaseWrapper, settings: Mapping[str, str]) -> list[str]:
    """Those that this connection is not set to."""
    with connection.cursor() as cursor:
        return [name for name, value in settings.items() if not _is_set(cursor, name, value)]


def _is_set(cursor: CursorWrapper, name: str, value: str) -> bool:
    is_set = _one(cursor, "SELECT current_setting(%s)", name)
    # As PostgreSQL writes it: 30000ms are 30s. It is set for this statement only.
    return bool(is_set == _one(cursor, "SELECT set_config(%s, %s, true)", name, value))


def is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Whether a pooler is in between: the backend process id that it reports is made up."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        return bool(_one(cursor, "SELECT pg_backend_pid()") != connection.connection.info.backend_pid)


def _one(cursor: CursorWrapper, statement: str, *values: str) -> Any:
    cursor.execute(statement, values)
    return cursor.fetchone()[0]
