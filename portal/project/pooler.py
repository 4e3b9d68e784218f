"""A pooler between the portal and PostgreSQL that hands connections out for one transaction (DATABASE_POOLER)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from identity.db.postgresql import role
from portal.project.databases import TRANSACTION, database_config, session_settings


def is_there() -> bool:
    return connection.vendor == "postgresql" and settings.DATABASE_POOLER == TRANSACTION


@contextmanager
def for_migrating() -> Iterator[None]:
    """Past the pooler, where DATABASE_DIRECT_URL leads; the role then has the settings that a pooler drops."""
    if not is_there():
        yield
        return
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = {**before, **database_config(settings.DATABASE_DIRECT_URL, statement_timeout=0)}
    try:
        yield
        role.keep(connection, session_settings(settings.STATEMENT_TIMEOUT))
    finally:
        connection.close()
        connection.settings_dict = before
