"""The database: does it answer, is it intact, does it enforce its own rules?"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import Error as DatabaseError
from django.db import connection

from identity.db.permanence import missing_triggers
from identity.db.readiness import waiting_migrations
from portal.doctor.findings import Finding, counted

INSTALL_TRIGGERS = (
    'manage.py shell -c "from django.db import connection; from identity.db.permanence import *; '
    'remove_triggers(connection); install_triggers(connection)"'
)


def answers() -> Finding:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT 'SQLite ' || sqlite_version()")
        else:
            cursor.execute("SELECT 'PostgreSQL ' || current_setting('server_version')")
        return Finding("database", f"{cursor.fetchone()[0]} answers.")


def silent(error: DatabaseError) -> Finding:
    return Finding(
        "database",
        f"The database does not answer ({type(error).__name__}).",
        "Start it, or set DATABASE_URL to where it is.",
    )


def is_up_to_date() -> bool:
    return waiting_migrations() == 0


def migrations() -> Finding:
    return counted(
        "migrations",
        waiting_migrations(),
        "migrations wait to be applied.",
        "Run `manage.py migrate`.",
        one="migration waits to be applied.",
    )


def examine() -> Iterator[Finding]:
    yield durability()
    yield from integrity()
    yield counted(
        "triggers",
        len(missing_triggers(connection)),
        "triggers are missing that keep the audit log append-only and usernames and SCIM ids permanent.",
        INSTALL_TRIGGERS,
        one="trigger is missing of those that keep the audit log append-only and usernames and SCIM ids permanent.",
    )


def durability() -> Finding:
    """SR-39: an acknowledged write survives power loss."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            is_safe = cursor.fetchone()[0] >= 2
        else:
            cursor.execute("SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'")
            is_safe = cursor.fetchone()[0]
    if is_safe:
        return Finding("durability", "What was acknowledged survives a power failure.")
    return Finding(
        "durability",
        "The database may lose acknowledged writes when the power fails.",
        "Set fsync and synchronous_commit to on in its configuration.",
    )


def integrity() -> Iterator[Finding]:
    """SQLite's own check of the file; PostgreSQL has no equivalent."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        verdict = cursor.fetchone()[0]
    if verdict == "ok":
        yield Finding("integrity", "The database file is whole.")
    else:
        yield Finding("integrity", f"The database file is damaged: {verdict}.", "Restore it from a backup.")
