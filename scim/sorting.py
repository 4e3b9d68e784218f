"""`sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3): missing values last when ascending, first when descending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.fields.json import KeyTextTransform
from pydantic import ValidationError
from scim2_models import SearchRequest
from scim2_models.path import AttributeBinding

from identity.models import SSOUserValue
from scim.attributes import path_of
from scim.conditions import CodepointOrder
from scim.errors import refuse
from scim.resources import PORTAL_USER, GroupResource, UserResource

_COLUMNS: dict[str, str] = {
    "id": "scim_id",
    "userName": "user_name_key",
    "externalId": "external_id",
    "active": "user__status",
    "meta.created": "created_at",
    "meta.lastModified": "modified_at",
    "meta.version": "version",
    f"{PORTAL_USER}:username": "user__username_key",
    f"{PORTAL_USER}:email": "user__email_key",
    f"{PORTAL_USER}:status": "user__status",
    f"{PORTAL_USER}:lastActive": "user__last_active",
}
_GROUP_COLUMNS = {**_COLUMNS, "displayName": "display_name_key"}
_NOT_TEXT = {"id", "meta.created", "meta.lastModified", "meta.version", f"{PORTAL_USER}:lastActive"}

Position = list[Any]
"""A place in an order, as JSON: the sorted-by value (a string, a number or null) and the row's key."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows: by an expression, ties by age; by age alone without one."""

    expression: Any = None
    descending: bool = False

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.expression is None:
            return rows.order_by("pk")
        rows = rows.annotate(sorted_by=self.expression)
        if self.descending:
            return rows.order_by(F("sorted_by").desc(nulls_first=True), "-pk")
        return rows.order_by(F("sorted_by").asc(nulls_last=True), "pk")

    def position(self, row: Any) -> Position:
        """Where a row of `apply` stands."""
        value = getattr(row, "sorted_by", None)
        return [_plain(value), row.pk]

    def after(self, position: Position) -> Q:
        """The condition for everything behind a position, on rows of `apply`: an index range, not an OFFSET."""
        value, pk = position
        behind = "lt" if self.descending else "gt"
        if self.expression is None:
            return Q(pk__gt=pk)
        tie = Q(**{f"pk__{behind}": pk})
        if value is None:
            missing = Q(sorted_by__isnull=True) & tie
            return missing | Q(sorted_by__isnull=False) if self.descending else missing
        rest = Q(**{f"sorted_by__{behind}": value}) | (Q(sorted_by=value) & tie)
        return rest if self.descending else rest | Q(sorted_by__isnull=True)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, (datetime, UUID)) else value


def order_of(sort_by: str | None, sort_order: str | None, resource: Any) -> Order:
    """The order asked for. Raises 400 `invalidPath`, `invalidValue`."""
    if sort_order and sort_order.lower() not in {"ascending", "descending"}:
        raise refuse("invalidValue", "sortOrder must be ascending or descending.")
    if not sort_by:
        return Order()
    descending = (sort_order or "").lower() == "descending"
    return Order(_expression(_binding(sort_by, resource), sort_by, resource), descending)


def _binding(sort_by: str, resource: Any) -> AttributeBinding:
    try:
        binding = SearchRequest[resource].model_validate({"sortBy": sort_by}).sort_binding(resource)
    except ValidationError as error:
        raise _unsortable(sort_by) from error
    if binding is None:
        raise _unsortable(sort_by)
    return binding


def _unsortable(sort_by: str) -> Exception:
    return refuse("invalidPath", f"sortBy {sort_by[:80]!r} names nothing that can be sorted by.")


def _expression(binding: AttributeBinding, sort_by: str, resource: Any) -> Any:
    path = path_of(binding)
    columns = _GROUP_COLUMNS if resource is GroupResource else _COLUMNS
    if path in columns:
        return F(columns[path]) if path in _NOT_TEXT else CodepointOrder(F(columns[path]))
    if resource is not UserResource or path.partition(".")[0] in {"groups", "schemas", "meta"}:
        raise _unsortable(sort_by)
    if binding.is_multivalued:
        return CodepointOrder(_first_value(path))
    return CodepointOrder(KeyTextTransform(path, "keys"))


def _first_value(path: str) -> Subquery:
    """The primary value, else the first."""
    attribute, _, sub = path.partition(".")
    rows = SSOUserValue.objects.filter(sso_user=OuterRef("pk"), attribute=attribute)
    chosen = rows.annotate(
        wanted=KeyTextTransform(sub or "value", "data"),
        rank=Case(When(data__primary="true", then=0), default=1),
    )
    return Subquery(chosen.order_by("rank", "pk").values("wanted")[:1])
