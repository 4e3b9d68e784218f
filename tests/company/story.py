"""What happens, in the order it happens, whichever door it comes through; and the state it must end in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from identity.models import (
    AccessSettings,
    AuditEvent,
    Conflict,
    DeletionRecord,
    Group,
    IdentityProvider,
    Invitation,
    SCIMToken,
    SSOGroup,
    SSOUser,
    User,
)
from tests.scim.helpers import CORE_GROUP, CORE_USER, PATCH_OP

Step = dict[str, Any]

# A replay makes and revokes a token of its own, and a script has one; a page watches for first requests, and wants SSO
# proven before it is enforced, which takes a connection. A command has
# an owner's rank, and meets no refusal by role.
NOT_COMPARED = r"^(access\.refused|scim_token\.|api_token\.|sso_connection\.|identity_provider\.watched)"

OWNER = {"username": "olga", "email": "olga@example.test", "password": "correct horse battery staple"}


class Door(Protocol):
    """How somebody does these things. What a door has no words for can't be part of the story."""

    def set_up_identity_provider(self, name: str, kind: str) -> None: ...
    def push(self, *steps: Step) -> None: ...
    def create_group(self, name: str) -> None: ...
    def map(self, sso_group: str, group: str, *, joining: list[str]) -> None: ...
    def invite(self, username: str, email: str) -> None: ...
    def register_asset(self, name: str, owner: str) -> None: ...
    def give_role(self, username: str, role: str) -> None: ...
    def link_conflict(self, user_name: str) -> None: ...
    def enforce_sso(self) -> None: ...
    def is_refused_to_invite(self, username: str, email: str) -> bool: ...
    def revoke_invitation(self, username: str) -> None: ...
    def is_refused_to_disable(self, username: str) -> bool: ...
    def delete(self, username: str, *, by: str, transferee: str, reason: str) -> None: ...


def play(door: Door) -> None:
    """From an empty portal with its first owner to what `FINAL` describes."""
    door.set_up_identity_provider("Okta", "okta")
    door.push(create("ada", "Ada"), create("ben", "Ben"), create("sue", "Sue"))
    door.push(*look_up("ada", "ben"), push_group("Engineering", "ada", "ben"))
    door.create_group("Builders")
    door.map("Engineering", "Builders", joining=["ada", "ben"])
    door.register_asset("Wiki", "ben")
    door.give_role("ada", "administrator")
    door.give_role("sue", "support")
    door.invite("mia", "mia@example.test")
    door.invite("zoe", "zoe@example.test")
    door.invite("kim", "kim@example.test")
    door.push(create("zoe", "Zoe"))  # adopted: username and email are the same
    door.push(create("mia", "Mia", email="mia@elsewhere.test", status=409))
    door.link_conflict("mia")
    door.push(create("mia", "Mia", email="mia@elsewhere.test"))
    door.push(*look_up("mia"), *add_member("Engineering", "mia"))
    door.enforce_sso()
    assert door.is_refused_to_invite("late", "late@example.test")
    assert door.is_refused_to_disable("ada")
    door.revoke_invitation("kim")
    door.push(*look_up("ben"), deactivate("ben"))
    door.delete("ben", by="sue", transferee="ada", reason="left in May")
    door.push(*look_up("zoe"), remove("zoe"))


@dataclass
class State:
    """What can be told of a portal without ids and times."""

    mode: tuple[bool, bool]
    providers: list[tuple[str, str, int]]
    people: dict[str, dict[str, Any]]
    groups: dict[str, tuple[set[str], set[str]]]
    sso_groups: dict[str, set[str]]
    conflicts: list[tuple[str, str, str]]
    invitations: list[str]
    deletions: list[str]
    events: Counter[str] = field(default_factory=Counter)


def state() -> State:
    return State(
        mode=tuple(AccessSettings.objects.mode()),
        providers=[
            (provider.name, provider.kind, SCIMToken.objects.filter(identity_provider=provider).count())
            for provider in IdentityProvider.objects.all()
        ],
        people={user.username: person(user) for user in User.objects.select_related("managed_by")},
        groups={
            group.name: (names(group.members), {str(mapping.sso_group) for mapping in group.mappings.all()})
            for group in Group.objects.all()
        },
        sso_groups={
            group.display_name: {member.user_name for member in group.members.all()} for group in SSOGroup.objects.all()
        },
        conflicts=list(Conflict.objects.values_list("user_name", "reason", "state")),
        invitations=sorted(Invitation.objects.values_list("user__username", flat=True)),
        deletions=list(DeletionRecord.objects.values_list("reason", flat=True)),
        events=Counter(AuditEvent.objects.exclude(action__regex=NOT_COMPARED).values_list("action", flat=True)),
    )


def person(user: User) -> dict[str, Any]:
    sso_user = SSOUser.objects.filter(user=user).first()
    return {
        "email": user.email,
        "first_name": user.first_name,
        "status": user.status,
        "role": user.role,
        "managed_by": user.managed_by and user.managed_by.name,
        "assets": sorted(asset.name for asset in user.assets.all()),
        "idp_says": sso_user and (sso_user.user_name, sso_user.email, sso_user.active),
    }


def names(users: Any) -> set[str]:
    return set(users.values_list("username", flat=True))


def account(**facts: Any) -> dict[str, Any]:
    usual = {"status": "enabled", "role": "member", "managed_by": "Okta", "assets": [], "first_name": ""}
    return usual | {"idp_says": None} | facts


def said(username: str, email: str | None = None) -> tuple[str, str, bool]:
    return username, email or f"{username}@example.test", True


FINAL = State(
    mode=(True, True),
    providers=[("Okta", "okta", 1)],
    people={
        "olga": account(email="olga@example.test", role="owner", managed_by=None),
        "ada": account(
            email="ada@example.test", first_name="Ada", role="administrator", assets=["Wiki"], idp_says=said("ada")
        ),
        "sue": account(email="sue@example.test", first_name="Sue", role="support", idp_says=said("sue")),
        "mia": account(email="mia@example.test", first_name="Mia", idp_says=said("mia", "mia@elsewhere.test")),
        "zoe": account(email="zoe@example.test", first_name="Zoe", status="disabled"),
        "kim": account(email="kim@example.test", status="disabled", managed_by=None),
    },
    groups={"Builders": ({"ada", "mia"}, {"Engineering"})},
    sso_groups={"Engineering": {"ada", "mia"}},
    conflicts=[("mia", "other_email", "resolved")],
    invitations=[],
    deletions=["left in May"],
    events=Counter(
        {
            "user.created": 1,
            "identity_provider.created": 1,
            "user.provisioned": 3,
            "sso_group.pushed": 1,
            "group.created": 1,
            "group_mapping.created": 1,
            "asset.created": 1,
            "user.role_changed": 2,
            "user.invited": 3,
            "user.adopted": 1,
            "conflict.link_approved": 1,
            "user.linked": 1,
            "sso_group.updated": 1,
            "access.mode_set": 1,
            "user.updated": 1,
            "user.disabled": 3,
            "user.invitation_revoked": 1,
            "asset.handed_over": 1,
            "user.deleted_permanently": 1,
            "user.deprovisioned": 1,
        }
    ),
)


# --- what the identity provider sends -------------------------------------------------------------------


def create(username: str, first_name: str, *, email: str | None = None, status: int = 201) -> Step:
    body = {
        "schemas": [CORE_USER],
        "userName": username,
        "externalId": f"00u-{username}",
        "name": {"givenName": first_name},
        "emails": [{"value": email or f"{username}@example.test", "type": "work", "primary": True}],
        "active": True,
    }
    return step("POST", "/Users", body, status)


def look_up(*usernames: str) -> list[Step]:
    """As an IdP finds its own people again: their ids are captured under their names."""
    return [
        {
            "name": f"look up {username}",
            "request": {"method": "GET", "path": "/Users", "query": {"filter": f'userName eq "{username}"'}},
            "capture": {username: "/Resources/0/id"},
            "expect": {"status": [200], "json": {"/totalResults": 1}},
        }
        for username in usernames
    ]


def push_group(name: str, *usernames: str) -> Step:
    """With members who were looked up before, in the same conversation."""
    members = [{"value": f"${{{username}}}"} for username in usernames]
    return step("POST", "/Groups", {"schemas": [CORE_GROUP], "displayName": name, "members": members}, 201)


def add_member(name: str, username: str) -> list[Step]:
    find = {
        "name": f"look up {name}",
        "request": {"method": "GET", "path": "/Groups", "query": {"filter": f'displayName eq "{name}"'}},
        "capture": {"group": "/Resources/0/id"},
        "expect": {"status": [200]},
    }
    operation = {"op": "add", "path": "members", "value": [{"value": f"${{{username}}}"}]}
    return [find, patch("/Groups/${group}", operation)]


def deactivate(username: str) -> Step:
    return patch(f"/Users/${{{username}}}", {"op": "replace", "path": "active", "value": False})


def remove(username: str) -> Step:
    return step("DELETE", f"/Users/${{{username}}}", None, 204)


def patch(path: str, operation: dict[str, Any]) -> Step:
    return step("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]}, 200, 204)


def step(method: str, path: str, body: Any, *statuses: int) -> Step:
    request = {"method": method, "path": path} | ({"body": body} if body is not None else {})
    return {"name": f"{method} {path}", "request": request, "expect": {"status": list(statuses)}}
