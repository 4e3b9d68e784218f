"""`sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3): missing values last when ascending, first when descending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from pydantic import ValidationError
from scim2_models import SearchRequest
from scim2_models.path import AttributeBinding

from identity.db.keyset import Keyset
from scim.queries.registry import Registry
from scim.wire.attributes import path_of, split_path
from scim.wire.errors import refuse
from scim.wire.resources import typed
from scim.wire.words import Wire

Position = list[Any]
"""A position in an order, as JSON: the sort value (a string, a number or null) and the row's key."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows: by an expression, ties by age; by age alone without one."""

    expression: Any = None
    descending: bool = False

    @property
    def _keyset(self) -> Keyset:
        return Keyset() if self.expression is None else Keyset("sorted_by", self.descending, has_nulls=True)

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return self._keyset.of(rows if self.expression is None else rows.annotate(sorted_by=self.expression))

    def page(self, rows: QuerySet[Any], size: int, after: Position | None) -> tuple[list[Any], Position | None]:
        """The next rows of `apply`, and the last one's position if there are more."""
        found, has_more = self._keyset.page(rows, size, after)
        return found, self._position(found[-1]) if has_more else None

    def _position(self, row: Any) -> Position:
        return [_plain(getattr(row, "sorted_by", None)), row.pk]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, (datetime, UUID)) else value


def order_of(sort_by: str | None, sort_order: str | None, registry: Registry) -> Order:
    """The requested order. Raises 400 `invalidPath`, `invalidValue`."""
    if sort_order and sort_order.lower() not in {"ascending", "descending"}:
        raise refuse("invalidValue", Wire.SORT_ORDER())
    if not sort_by:
        return Order()
    expression = _expression(sort_by, registry)
    if expression is None:
        raise _unsortable(sort_by)
    return Order(expression, (sort_order or "").lower() == "descending")


def _expression(sort_by: str, registry: Registry) -> Any:
    binding = _binding(sort_by, registry.resource)
    if binding.is_multivalued:
        attribute, sub = split_path(binding)
        return registry.multiple(attribute).order(sub)
    return registry.single(path_of(binding)).order()


def _binding(sort_by: str, resource: Any) -> AttributeBinding:
    try:
        request = typed(SearchRequest, resource).model_validate({"sortBy": sort_by})
        binding: AttributeBinding | None = request.sort_binding(resource)
    except ValidationError as error:
        raise _unsortable(sort_by) from error
    if binding is None:
        raise _unsortable(sort_by)
    return binding


def _unsortable(sort_by: str) -> Exception:
    return refuse("invalidPath", Wire.SORT_BY_UNKNOWN(sort_by=sort_by[:80]))
