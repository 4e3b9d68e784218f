"""Diagnostics: what may be wrong with a portal, and how to fix it (`manage.py doctor`)."""

from collections.abc import Iterator

from django.db import Error as DatabaseError

from portal.doctor import configuration, data, database, indexes, replicas, surroundings
from portal.doctor.findings import Finding


def examine() -> Iterator[Finding]:
    """All checks, foundations first: if the database does not answer, the rest can't run."""
    yield from configuration.examine()
    try:
        yield database.answers()
        yield database.migrations()
    except DatabaseError as error:
        yield database.silent(error)
        return
    if not database.is_up_to_date():
        return
    yield from database.examine()
    yield from replicas.examine()
    yield from indexes.examine()
    yield from surroundings.examine()
    yield from data.examine()
