"""What may be wrong with a portal, and how to mend it (`manage.py doctor`)."""

from collections.abc import Iterator

from django.db import Error as DatabaseError

from portal.doctor import configuration, data, database
from portal.doctor.findings import Finding


def examine() -> Iterator[Finding]:
    """Everything, the foundations first: where the database does not answer, the rest can't be asked."""
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
    yield from data.examine()
