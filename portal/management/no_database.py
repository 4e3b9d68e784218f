"""Why a command has no database to work with, said like any other refusal."""

from __future__ import annotations

from django.db import Error as DatabaseError

from identity.core.errors import NoDatabase
from portal.doctor import database
from portal.project.unstored import is_away


def silence() -> NoDatabase | None:
    """None while the database answers."""
    found = database.silence()
    return NoDatabase(found.in_full) if found else None


def without_database(error: DatabaseError) -> NoDatabase:
    """The error again where the database is well, and the mistake is the portal's own."""
    if silent := silence():
        return silent
    waits = database.migrations()
    if not waits.is_fine:
        return NoDatabase(f"The database is not this release's: {waits.in_full}")
    if not is_away(error):
        raise error
    found = database.writes()
    if not found.is_fine:
        return NoDatabase(found.in_full)
    return NoDatabase(f"The database did not do it ({type(error).__name__}: {str(error).strip()}). Try again.")
