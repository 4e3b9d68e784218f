"""The indexes and constraints that the models name are there, and PostgreSQL has finished them."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connection
from django.db.models import Model

from portal.doctor.findings import Finding, counted, listed

INVALID = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE NOT (i.indisvalid AND i.indisready) AND c.relnamespace = current_schema()::regnamespace ORDER BY 1
"""


def examine() -> Iterator[Finding]:
    missing = sorted(missing_indexes())
    yield counted(
        "indexes_missing",
        len(missing),
        f"indexes or constraints are missing{listed(missing)}.",
        "They were dropped: restore a backup, or create them as `manage.py sqlmigrate` shows.",
        one=f"index or constraint is missing{listed(missing)}.",
    )
    if connection.vendor == "postgresql":
        invalid = invalid_indexes()
        yield counted(
            "indexes_invalid",
            len(invalid),
            f"indexes were not finished and are not used{listed(invalid)}.",
            "In psql, as the portal's user: REINDEX INDEX CONCURRENTLY name; for each.",
            one=f"index was not finished and is not used{listed(invalid)}.",
        )


def missing_indexes() -> Iterator[str]:
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy and (named := names_of(model)):
                yield from named - set(connection.introspection.get_constraints(cursor, model._meta.db_table))


def names_of(model: type[Model]) -> set[str]:
    return {one.name for one in (*model._meta.indexes, *model._meta.constraints)}


def invalid_indexes() -> list[str]:
    """What CREATE INDEX CONCURRENTLY leaves behind when it fails."""
    with connection.cursor() as cursor:
        cursor.execute(INVALID)
        return [name for (name,) in cursor.fetchall()]
