"""What a push leaves: of a user, of a group, of the portal's own."""

from __future__ import annotations

from typing import Any

from identity.models import Group, Membership, SSOMembership, SSOUser
from tests.clients import IdP
from tests.scim.helpers import (
    Document,
    member_ids,
)


def stored(document: Document) -> SSOUser:
    return SSOUser.objects.select_related("user").get(scim_id=document["id"])


def patched(idp: IdP, user: Document, *operations: Document) -> Document:
    answer = idp.patch(f"/Users/{user['id']}", *operations)
    assert answer.status_code == 200, answer.content
    assert answer.json() == idp.get(f"/Users/{user['id']}").json()
    return answer.json()


def work(value: str, **more: Any) -> Document:
    return {"value": value, "type": "work", **more}


def fresh(idp: IdP, group: Document) -> Document:
    return idp.get(f"/Groups/{group['id']}").json()


def members(group: Document) -> set[str]:
    """The ids of the members in the database."""
    rows = SSOMembership.objects.filter(sso_group__scim_id=group["id"])
    return {str(scim_id) for scim_id in rows.values_list("sso_user__scim_id", flat=True)}


def changed(idp: IdP, group: Document, *operations: Document) -> set[str]:
    answer = idp.patch(f"/Groups/{group['id']}", *operations)
    assert (answer.status_code, answer.content) == (204, b""), answer.content
    assert set(member_ids(fresh(idp, group))) == members(group)
    return members(group)


def ids(*users: Document) -> set[str]:
    return {user["id"] for user in users}


def people_of(portal_group: Group) -> set[str]:
    """The SCIM ids of the people in a portal group."""
    users = Membership.objects.filter(group=portal_group).values("user")
    return {str(scim_id) for scim_id in SSOUser.objects.filter(user__in=users).values_list("scim_id", flat=True)}
