"""Databases of a test's own, for portals that run in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection
from django.utils.crypto import get_random_string


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """What DATABASE_URL says of a new one without a table, of the kind that this run is on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'empty.sqlite3'}"
        return
    with _on_postgresql() as url:
        yield url


@contextmanager
def _on_postgresql() -> Iterator[str]:
    name = f"test_upgrade_{get_random_string(8).lower()}"
    quoted = connection.ops.quote_name(name)
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quoted}")
    try:
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    finally:
        with connection.creation._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
