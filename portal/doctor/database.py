"""The database: does it answer, is it intact, does it enforce its own rules?"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from identity.db import partitions
from identity.db.permanence import missing_triggers
from identity.db.postgresql import role
from identity.db.readiness import in_time, try_to_read, try_to_write, waiting_migrations
from portal.doctor.findings import Finding, counted
from portal.project import pooler
from portal.project.databases import SESSION, session_settings

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
    if "unsupported startup parameter" in str(error):
        return Finding(
            "pooler",
            "PgBouncer refuses the portal's connections: it passes no settings on.",
            "Set DATABASE_POOLER=transaction (docs/scaling.md).",
        )
    return Finding(
        "database",
        f"The database does not answer ({type(error).__name__}).",
        "Start it, or set DATABASE_URL to where it is.",
    )


def silence() -> Finding | None:
    """None while the database answers."""
    connection.close_if_unusable_or_obsolete()
    try:
        with in_time():
            try_to_read()
    except DatabaseError as error:
        return silent(error)
    return None


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
    yield writes()
    yield durability()
    if connection.vendor == "postgresql":
        yield pooling()
        yield room_in_logs()
    yield from integrity()
    yield counted(
        "triggers",
        len(missing_triggers(connection)),
        "triggers are missing that keep the audit log append-only and usernames and SCIM ids permanent.",
        INSTALL_TRIGGERS,
        one="trigger is missing of those that keep the audit log append-only and usernames and SCIM ids permanent.",
    )


def writes() -> Finding:
    """A row that is gone again at the end; it answers in time, or is a finding."""
    try:
        with in_time():
            try_to_write()
    except DatabaseError as error:
        return Finding(
            "writes",
            f"The database takes no writes ({type(error).__name__}: {str(error).strip()}).",
            "See whether it is a standby, was made read-only, or has no room left on its disk.",
        )
    return Finding("writes", "The database takes writes.")


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


def pooling() -> Finding:
    """Whether a pooler hands connections out, and the portal knows."""
    if pooler.is_there() and (unset := role.differing(connection, session_settings(settings.STATEMENT_TIMEOUT))):
        return Finding(
            "pooler",
            f"Connections come through a pooler without the portal's settings: {', '.join(unset)}.",
            "Run `manage.py migrate`, which keeps them for the role, and let the pooler connect anew (RECONNECT).",
        )
    if pooler.is_there():
        return Finding("pooler", "Connections come through a pooler, for one transaction each.")
    if role.is_pooled(connection) and settings.DATABASE_POOLER != SESSION:
        return Finding(
            "pooler",
            "There is a pooler before the database, and the portal was not told.",
            "Set DATABASE_POOLER to transaction, or to session if each connection keeps its own (docs/scaling.md).",
        )
    return Finding("pooler", "No pooler changes connections between two transactions.")


def room_in_logs() -> Finding:
    """No part, no insert: the portal would answer 500."""
    room = min(partitions.ids_ahead(connection, log) for log in partitions.LOGS)
    return Finding(
        "log_parts",
        f"The logs have parts for {max(room, 0):,} more rows.",
        "" if room >= partitions.FEW else "Run `manage.py run_scheduled_job log_parts`; see why it was not run.",
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
