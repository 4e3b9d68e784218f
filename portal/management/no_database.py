"""Why a command has no database to work with, said like any other refusal."""

from __future__ import annotations

from django.db import Error as DatabaseError

from identity.core.errors import NoDatabase
from portal.doctor import database
from portal.project.unstored import is_away


def without_database(error: DatabaseError) -> NoDatabase:
    """The error again where the database is well, and the mistake is the portal's own."""
    if found := database.silence():
        return NoDatabase(f"{found.sentence} {found.mend}")
    waits = database.migrations()
    if waits.mend:
        return NoDatabase(f"The database is not this release's: {waits.sentence} {waits.mend}")
    if not is_away(error):
        raise error
    found = database.writes()
    if found.mend:
        return NoDatabase(f"{found.sentence} {found.mend}")
    return NoDatabase(f"The database did not do it ({type(error).__name__}: {str(error).strip()}). Try again.")
