"""`sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3): missing values last when ascending, first when descending."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When
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
    "displayName": "display_name_key",
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
_TEXT = {"userName", "displayName", "externalId", f"{PORTAL_USER}:username", f"{PORTAL_USER}:email"}


def ordered(rows: QuerySet[Any], sort_by: str | None, sort_order: str | None, resource: Any) -> QuerySet[Any]:
    """Rows in the order asked for, ties and everything else by age. Raises 400 `invalidPath`, `invalidValue`."""
    if sort_order and sort_order.lower() not in {"ascending", "descending"}:
        raise refuse("invalidValue", "sortOrder must be ascending or descending.")
    if not sort_by:
        return rows.order_by("pk")
    expression = _expression(_binding(sort_by, resource), resource)
    if (sort_order or "").lower() == "descending":
        return rows.order_by(expression.desc(nulls_first=True), "-pk")
    return rows.order_by(expression.asc(nulls_last=True), "pk")


def _binding(sort_by: str, resource: Any) -> AttributeBinding:
    try:
        request = SearchRequest[resource](sort_by=sort_by)
    except ValidationError as error:
        raise refuse("invalidPath", f"sortBy {sort_by[:80]!r} can't be sorted by.") from error
    binding = request.sort_binding(resource)
    if binding is None:
        raise refuse("invalidPath", f"sortBy {sort_by[:80]!r} can't be sorted by.")
    return binding


def _expression(binding: AttributeBinding, resource: Any) -> Any:
    path = path_of(binding)
    if path in _COLUMNS and not (resource is UserResource and path == "displayName"):
        column = F(_COLUMNS[path])
        return CodepointOrder(column) if path in _TEXT else column
    if resource is GroupResource:
        raise refuse("invalidPath", f"Groups can't be sorted by {path}.")
    if binding.is_multivalued:
        return CodepointOrder(_first_value(path))
    return CodepointOrder(KeyTextTransform(path, "keys"))


def _first_value(path: str) -> Subquery:
    """The primary value, else the first (RFC 7644 section 3.4.2.3)."""
    attribute, _, sub = path.partition(".")
    rows = SSOUserValue.objects.filter(sso_user=OuterRef("pk"), attribute=attribute)
    chosen = rows.annotate(
        sorted_by=KeyTextTransform(sub or "value", "data"),
        rank=Case(When(data__primary="true", then=0), default=1),
    )
    return Subquery(chosen.order_by("rank", "pk").values("sorted_by")[:1])
