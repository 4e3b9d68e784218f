"""Finding the rows that a request's URL or body names."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import Model, QuerySet

from identity.core.errors import InvalidValue, NotFound

M = TypeVar("M", bound=Model)


def row_of(model: type[M], pk: int, rows: QuerySet[M] | None = None) -> M:
    """The row in the URL, among these `rows`. Raises NotFound."""
    row = (model._default_manager if rows is None else rows).filter(pk=pk).first()
    if row is None:
        raise NotFound(f"There is no {model._meta.verbose_name} {pk}.")
    return row


def named_in(model: type[M], pk: int, attribute: str) -> M:
    """The row that a body or parameter names. Raises InvalidValue."""
    return rows_of(model, [pk], attribute)[0]


def rows_of(model: type[M], pks: Collection[int], attribute: str) -> list[M]:
    """All rows that a body names. Raises InvalidValue for a missing one."""
    found = {row.pk: row for row in model._default_manager.filter(pk__in=set(pks))}
    if missing := set(pks) - found.keys():
        raise InvalidValue(attribute, f"names {min(missing)}, which is no {model._meta.verbose_name}")
    return [found[pk] for pk in dict.fromkeys(pks)]
