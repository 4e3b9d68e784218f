"""SQLite's part: its own online backup, which reads one state while others write, and writes all or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from django.db import connection

from identity.core.errors import Refused
from portal.backup.schema import Applied

PAGES_AT_ONCE = -1  # all of them: a copy in steps starts again at every write
SECONDS_TO_WAIT = 20


def file_of_this_host() -> Path:
    name = str(connection.settings_dict["NAME"])
    if connection.is_in_memory_db():  # type: ignore[attr-defined]  # SQLite's
        raise Refused("A database in memory can't be saved or restored.", code="database_in_memory")
    return Path(name)


def dump(part: Path) -> dict[str, object]:
    """Copy the database; what is said of the copy."""
    source = file_of_this_host()
    if not source.is_file():
        raise Refused(f"There is no database yet at {source}.", code="nothing_to_save")
    try:
        with closing(_open(source)) as whole, closing(sqlite3.connect(part)) as copy:
            whole.backup(copy, pages=PAGES_AT_ONCE)
            copy.execute("PRAGMA journal_mode=DELETE")
            _intact(copy)
            return {"server": f"SQLite {sqlite3.sqlite_version}", "migrations": _applied(copy), "users": _users(copy)}
    except sqlite3.DatabaseError as error:
        raise Refused(f"The database can't be saved: {error}.", code="database_damaged") from error


def restore(part: Path) -> None:
    """Into the file that DATABASE_URL names, in one transaction of SQLite's."""
    target = file_of_this_host()
    connection.close()
    try:
        with closing(_open(part)) as copy, closing(sqlite3.connect(target, timeout=SECONDS_TO_WAIT)) as whole:
            _intact(copy)
            whole.execute("BEGIN EXCLUSIVE").connection.rollback()  # backup() itself would wait for good
            copy.backup(whole, pages=PAGES_AT_ONCE)
            whole.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        sentence = f"The database could not be written ({error}): stop the portal and its workers first."
        raise Refused(sentence, code="database_in_use") from error


def tables() -> set[str]:
    if not file_of_this_host().is_file():
        return set()
    return set(connection.introspection.table_names())


def _open(file: Path) -> sqlite3.Connection:
    """For reading only."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS_TO_WAIT)


def _intact(copy: sqlite3.Connection) -> None:
    (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Refused(f"The database file is damaged: {verdict}.", code="database_damaged")


def _applied(copy: sqlite3.Connection) -> Applied:
    return copy.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()


def _users(copy: sqlite3.Connection) -> int:
    (number,) = copy.execute("SELECT count(*) FROM identity_user").fetchone()
    return int(number)
