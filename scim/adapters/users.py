"""SCIM Users ⇄ SSO users."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from identity.db.compiled import CompiledQuery, Parameter
from identity.log_words import NotTaken
from identity.models import SSOMembership, SSOUser, Status
from identity.services.provisioning import people
from identity.services.provisioning.statements import PersonChange, PersonRecord
from scim.adapters.base import ResourceAdapter, moment
from scim.adapters.user_bodies import NAME_PARTS, UserBody
from scim.adapters.user_patches import UserPatch
from scim.wire.addresses import location
from scim.wire.attributes import UNKEPT, multiple_values, single_values
from scim.wire.resources import PORTAL_USER, schemas_of

Document = dict[str, Any]

_ELSEWHERE = UNKEPT | {"active"}  # the portal's own


class SCIMUser(ResourceAdapter):
    """A User resource over one SSO user."""

    resource_type = "User"
    url_name = "scim:users"
    endpoint = "Users"

    def __init__(self, obj: SSOUser, request: Any = None) -> None:
        super().__init__(obj, request)
        self.groups: list[Document] | None = None
        self._body: UserBody  # set by from_dict
        self._change: PersonChange  # set by from_dict or handle_operations

    def from_dict(self, body: Document) -> None:
        """A POST or PUT body: replaces the whole record; absent attributes are cleared, except externalId."""
        self._body = UserBody(body)
        self._change = lambda sso_user: record(*self._body.over(sso_user))

    def handle_operations(self, body: Document) -> None:
        """A PATCH body: applied to the current row, under the lock."""
        patch = UserPatch(body)
        self._change = lambda sso_user: record(*patch.applied_to(sso_user))

    def create(self) -> None:
        """POST: one service call (R1)."""
        new = record(*self._body.new())
        self.obj = people.provision_user(new, actor=self.actor)
        if self.obj.version == 1:
            self.groups = []  # a new record is in no group yet, a resumed one may be (R9)

    def save(self) -> None:
        """PUT and PATCH: one service call (R2, R4)."""
        self.obj = people.update_user(self.obj.scim_id, self._change, actor=self.actor, version=self.version_check)

    def delete(self) -> None:
        people.deprovision_user(self.obj.scim_id, actor=self.actor, version=self.version_check)

    def to_dict(self) -> Document:
        """The IdP's own view; `active` and the portal extension show the portal's (docs/design/rules.md)."""
        sso_user, user = self.obj, self.obj.user
        document = {
            "schemas": [*schemas_of(sso_user.attributes), PORTAL_USER],
            "id": self.id,
            **sso_user.attributes,
            "active": user.is_active,
            "meta": self.meta,
            PORTAL_USER: _portal_view(user),
        }
        groups = memberships_of([sso_user]).get(sso_user.pk, []) if self.groups is None else self.groups
        return {**document, "groups": groups} if groups else document


def _portal_view(user: Any) -> Document:
    view = {
        "username": user.username,
        "email": user.email,
        "status": Status(user.status).value,
        "lastActive": moment(user.last_active) if user.last_active else None,
    }
    return {name: value for name, value in view.items() if value is not None}


def memberships_of(sso_users: list[SSOUser]) -> dict[int, list[Document]]:
    """The `groups` attribute of many SSO users, by row id: one statement."""
    if len(sso_users) == 1:
        wanted: Iterable[Any] = _MEMBERSHIPS_OF_ONE(sso_user=sso_users[0].pk)
    else:
        wanted = _named(SSOMembership.objects.filter(sso_user__in=[row.pk for row in sso_users]))
    return {
        pk: [_group_reference(group_id, name) for _, group_id, name in members]
        for pk, members in groupby(wanted, key=lambda row: row[0])
    }


def _named(memberships: QuerySet[SSOMembership]) -> QuerySet[SSOMembership, Any]:
    return memberships.order_by("sso_user_id", "sso_group_id").values_list(
        "sso_user_id", "sso_group__scim_id", "sso_group__display_name"
    )


_MEMBERSHIPS_OF_ONE = CompiledQuery(
    lambda: _named(SSOMembership.objects.filter(sso_user=Parameter(SSOMembership, "sso_user")))
)


def _group_reference(group_id: object, name: str) -> Document:
    return {"value": str(group_id), "$ref": location("Groups", group_id), "display": name, "type": "direct"}


def record(document: Document, carried: set[str], left_out: tuple[NotTaken, ...] = ()) -> PersonRecord:
    """A validated User document in the product's terms; `carried`: which of names and active the request carried."""
    attributes = {name: value for name, value in document.items() if name.lower() not in _ELSEWHERE}
    names = attributes.get("name") or {}
    said: Document = {field: names.get(part) or "" if part in carried else None for field, part in NAME_PARTS.items()}
    return PersonRecord(
        user_name=document.get("userName") or "",
        external_id=document.get("externalId"),
        email=chosen_email(document.get("emails") or []),
        **said,
        active=document.get("active") if "active" in carried else None,
        attributes=attributes,
        keys=single_values(attributes),
        values=multiple_values(attributes),
        left_out=left_out,
    )


def chosen_email(emails: list[Document]) -> str | None:
    """Of several emails the primary, else the one of type work, else the first (docs/design/rules.md)."""
    given = [email for email in emails if email.get("value")]
    primary = [email for email in given if email.get("primary")]
    work = [email for email in given if str(email.get("type", "")).lower() == "work"]
    chosen = next(iter([*primary, *work, *given]), None)
    return chosen["value"].strip() if chosen else None
