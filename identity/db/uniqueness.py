"""The database enforces uniqueness (SR-6); the loser of a race gets a sentence, not a server error.

Only a violated unique constraint that this code knows means that a value is taken. Anything else, such as a column of a
newer schema that this code does not fill, is a fault: to say "taken" then would be a lie.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Model, UniqueConstraint

from identity.core.errors import Taken
from identity.core.refusals import Refusal

VALUE_TAKEN = Refusal.VALUE_TAKEN()
UNIQUE_VIOLATION = "23505"
# Violations that a schema change or a concurrent write can cause: NOT NULL, foreign key, unique.
PASSING = frozenset({"23502", "23503", UNIQUE_VIOLATION})
PASSING_ON_SQLITE = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_NOTNULL,
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    }
)


@contextmanager
def taken_when(sentence: str) -> Iterator[None]:
    """Unique violations in the block raise Taken; the surrounding transaction stays usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not is_taken(error):
            raise
        raise Taken(sentence) from error


def is_taken(error: IntegrityError) -> bool:
    """Whether a unique constraint of our models was violated, by which a value belongs to another row."""
    return _violated(error.__cause__) in known_constraints()


def may_pass(error: IntegrityError) -> bool:
    """Whether a retry can help: on an upgraded host, or once the concurrent write has ended."""
    cause: Any = error.__cause__
    return getattr(cause, "sqlstate", None) in PASSING or getattr(cause, "sqlite_errorcode", None) in PASSING_ON_SQLITE


def _violated(cause: Any) -> str:
    """The unique constraint as `known_constraints` has it; empty for any other violation."""
    if getattr(cause, "sqlstate", None) == UNIQUE_VIOLATION:
        return cause.diag.constraint_name or ""
    if getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
        return str(cause).removeprefix("UNIQUE constraint failed: ")
    return ""


@cache
def known_constraints() -> frozenset[str]:
    """By name, as PostgreSQL tells them, and by columns, as SQLite does.

    Keys that the database numbers are none of them: if one of those is there already, a sequence is wrong.
    """
    return frozenset(name for model in apps.get_models() for name in _constraints_of(model))


def _constraints_of(model: type[Model]) -> Iterator[str]:
    meta = model._meta
    for field in meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            yield f"{meta.db_table}_{field.column}_key"
            yield f"{meta.db_table}.{field.column}"
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield constraint.name
            columns = [meta.get_field(name).column for name in constraint.fields]  # type: ignore[union-attr]
            yield ", ".join(f"{meta.db_table}.{column}" for column in columns)
