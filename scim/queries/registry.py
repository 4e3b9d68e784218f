"""The one place that knows where each attribute is stored; filters and sorting follow from it.

Anything not named here is a single value under its path in `SSOUser.keys`, or rows of `SSOUserValue`: an attribute
added to `scim.wire.resources` is stored, returned, filtered and sorted without another line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Model, OuterRef, Q, Subquery, When

from identity.models import GroupMapping, SSOMembership, SSOUserValue
from scim.queries.conditions import CodepointOrder
from scim.queries.kinds import (
    Active,
    Constant,
    Fallback,
    Identifier,
    IndexedValue,
    JSONText,
    Location,
    Moment,
    Number,
    Primary,
    Schemas,
    Text,
    ValueKind,
    Version,
)
from scim.wire.resources import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE_USER,
    PORTAL_GROUP,
    PORTAL_USER,
    GroupResource,
    UserResource,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """A multi-valued attribute with a table of its own: `link` leads to the resource."""

    model: type[Model]
    link: str
    subs: dict[str, ValueKind]
    listed_by: str = "pk"

    def any(self, condition: Q) -> Q:
        """Resources with at least one row that meets the condition."""
        return Q(pk__in=self.model._default_manager.filter(condition).values(self.link))

    def sub(self, name: str) -> ValueKind:
        return self.subs[name]

    def order(self, name: str) -> Any:
        """The first value, since none of these is primary."""
        rows = self.model._default_manager.filter(**{self.link: OuterRef("pk")}).order_by(self.listed_by)
        return Subquery(rows.values(first=self.sub(name or "value").order())[:1])


@dataclass(frozen=True, slots=True)
class ValueRows:
    """A multi-valued attribute of the IdP's record, in `SSOUserValue`."""

    attribute: str

    def any(self, condition: Q) -> Q:
        rows = SSOUserValue.objects.filter(Q(attribute=self.attribute) & condition)
        return Q(pk__in=rows.values("sso_user"))

    def sub(self, name: str) -> ValueKind:
        match name:
            case "value":
                return IndexedValue()
            case "primary":
                return Primary(JSONText("primary", "data"))
        return JSONText(name, "data")

    def order(self, name: str) -> Any:
        """The primary value, else the first (RFC 7644 section 3.4.2.3)."""
        rows = SSOUserValue.objects.filter(sso_user=OuterRef("pk"), attribute=self.attribute)
        ranked = rows.annotate(
            wanted=self.sub(name or "value").order(),
            rank=Case(When(data__primary="true", then=0), default=1),
        )
        return CodepointOrder(Subquery(ranked.order_by("rank", "pk").values("wanted")[:1]))


@dataclass(frozen=True, slots=True)
class SchemaList:
    """`schemas`, which has no rows."""

    kind: Schemas

    def any(self, condition: Q) -> Q:
        return condition

    def sub(self, name: str) -> ValueKind:
        return self.kind

    def order(self, name: str) -> Any:
        return None


Multiple = Rows | ValueRows | SchemaList


@dataclass(frozen=True, slots=True)
class Registry:
    """The attributes of one resource type, by path."""

    resource: Any
    singles: dict[str, ValueKind]
    multiples: dict[str, Multiple]

    def single(self, path: str) -> ValueKind:
        return self.singles.get(path) or JSONText(path, "keys")

    def multiple(self, path: str) -> Multiple:
        return self.multiples.get(path) or ValueRows(path)


def _common(endpoint: str) -> dict[str, ValueKind]:
    identifier = Identifier("scim_id")
    return {
        "id": identifier,
        "externalId": Text("external_id", nullable=True),
        "meta.resourceType": Constant(endpoint.removesuffix("s"), case_exact=True),
        "meta.created": Moment("created_at"),
        "meta.lastModified": Moment("modified_at"),
        "meta.location": Location(identifier, endpoint, case_exact=False),
        "meta.version": Version("version"),
    }


USERS = Registry(
    UserResource,
    {
        **_common("Users"),
        "userName": Text("user_name_key"),
        "active": Active("user__status"),
        f"{PORTAL_USER}:username": Text("user__username_key"),
        f"{PORTAL_USER}:email": Text("user__email_key", nullable=True),
        f"{PORTAL_USER}:status": Text("user__status"),
        f"{PORTAL_USER}:lastActive": Moment("user__last_active", nullable=True),
    },
    {
        "schemas": SchemaList(Schemas((CORE_USER, PORTAL_USER), sometimes=(ENTERPRISE_USER,))),
        "groups": Rows(
            SSOMembership,
            "sso_user",
            {
                "value": Identifier("sso_group__scim_id"),
                "$ref": Location(Identifier("sso_group__scim_id"), "Groups"),
                "display": Text("sso_group__display_name_key"),
                "type": Constant("direct"),
            },
            listed_by="sso_group_id",
        ),
    },
)

GROUPS = Registry(
    GroupResource,
    {**_common("Groups"), "displayName": Text("display_name_key")},
    {
        "schemas": SchemaList(Schemas((CORE_GROUP, PORTAL_GROUP))),
        "members": Rows(
            SSOMembership,
            "sso_group",
            {
                "value": Identifier("sso_user__scim_id"),
                "$ref": Location(Identifier("sso_user__scim_id"), "Users"),
                "display": Fallback(JSONText("displayName", "sso_user__keys"), "sso_user__user_name_key"),
                "type": Constant("User"),
            },
        ),
        f"{PORTAL_GROUP}:portalGroups": Rows(
            GroupMapping,
            "sso_group",
            {"value": Number("group_id"), "display": Text("group__name_key")},
        ),
    },
)
