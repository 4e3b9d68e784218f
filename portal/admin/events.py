"""Audit events in sentences: who did what to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from identity.models import AuditEvent, Conflict, Group, IdentityProvider, User

WORDS: dict[str, str] = {
    "user.provisioned": "Created by the identity provider",
    "user.adopted": "Existing account adopted by the identity provider",
    "user.linked": "Linked to the identity provider, as approved",
    "user.revived": "Created again by the identity provider: the old account was revived",
    "user.updated": "Updated by the identity provider",
    "user.deprovisioned": "Removed by the identity provider",
    "user.released": "Released from the identity provider",
    "user.enabled": "Enabled",
    "user.disabled": "Disabled",
    "user.invited": "Invited",
    "user.invitation_resent": "Invitation sent again",
    "user.invitation_revoked": "Invitation revoked",
    "user.invitation_accepted": "Accepted the invitation",
    "user.created": "Created",
    "user.profile_edited": "Profile edited",
    "user.role_changed": "Role changed",
    "user.break_glass_set": "Break-glass flag changed",
    "user.password_changed": "Password changed",
    "user.login": "Signed in",
    "user.break_glass_login": "Signed in with a break-glass account",
    "user.created_at_sign_in": "Created at the first sign-in through the identity provider",
    "user.sso_identity_linked": "Signs in through the identity provider from now on",
    "user.groups_followed_claim": "Groups followed what the identity provider said at sign-in",
    "user.groups_claim_missing": "The identity provider sent no groups at sign-in: nothing was changed",
    "user.groups_claim_unreadable": "The groups that the identity provider sent can't be read: nothing was changed",
    "user.second_factor_set_up": "Set up a second step for signing in",
    "user.second_factor_replaced": "Replaced the app of the second step for signing in",
    "user.recovery_codes_made": "Made new recovery codes",
    "user.second_factor_removed": "Second step for signing in removed",
    "user.session_ended": "Signed out of one browser",
    "user.sessions_ended": "Signed out everywhere",
    "user.signed_out_by_provider": "Signed out, as at the identity provider",
    "user.deleted_permanently": "Deleted permanently",
    "membership.added": "Added to a group",
    "membership.removed": "Removed from a group",
    "asset.created": "Became the owner of a new asset",
    "asset.owner_added": "Became an owner of an asset",
    "asset.owner_removed": "No longer an owner of an asset",
    "asset.handed_over": "Took over an asset",
    "api_token.created": "Created an API token",
    "api_token.revoked": "API token revoked",
    "api_token.unknown": "Unknown API token presented",
    "conflict.recorded": "The identity provider met this account: conflict",
    "conflict.link_approved": "Link approved",
    "conflict.move_approved": "Move to another identity provider approved",
    "conflict.own_username_approved": "A newcomer of the same username gets one of their own",
    "conflict.dismissed": "Conflict dismissed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An event as people read it; `person`: who did it, if it was somebody who has an account."""

    event: AuditEvent
    words: str
    details: tuple[str, ...]
    actor: str
    group: Group | None
    person: User | None


def tell(events: Iterable[AuditEvent], groups: dict[int, Group] | None = None) -> list[Line]:
    """Events with the names of who and what they mention, in a few statements for the whole list.

    `groups`: those that the events are about, by id, if they are known already.
    """
    events = list(events)
    people = User.objects.in_bulk({e.actor_id for e in events if e.actor_kind == "user" and e.actor_id})
    if groups is None:
        groups = Group.objects.in_bulk({e.group_id for e in events if e.group_id})
    providers = IdentityProvider.objects.in_bulk({e.identity_provider_id for e in events if e.identity_provider_id})
    return [
        Line(
            event,
            WORDS.get(event.action, event.action),
            tuple(_details(event)),
            actor_of(event, people, providers),
            groups.get(event.group_id or 0),
            people.get(event.actor_id or 0) if event.actor_kind == "user" else None,
        )
        for event in events
    ]


def actor_of(event: AuditEvent, people: dict[int, User], providers: dict[int, IdentityProvider]) -> str:
    """Who did it, by the name that they have now."""
    if event.actor_kind == "user":
        person = people.get(event.actor_id or 0)
        name = str(person) if person else f"user {event.actor_id} (deleted)"
        return f"{name}, API token {event.actor_label}" if event.actor_label else name
    provider = providers.get(event.identity_provider_id or 0)
    if event.actor_kind == "scim_token" and provider:
        return f"{provider}, token {event.actor_label}"
    return event.actor_label


def _details(event: AuditEvent) -> Iterable[str]:
    personal = getattr(event, "personal_data", None)
    values: dict[str, Any] = personal.values if personal else {}
    ignored = event.details.get("ignored") or []
    for name, value in {**event.details, **values}.items():
        match value:
            case {"from": kept, "to": sent} if name in ignored:
                yield f"{_label(name)}: {_shown(sent)} was not taken over, {_shown(kept)} stays"
            case {"from": old, "to": new}:
                yield f"{_label(name)}: {_shown(old)} → {_shown(new)}"
            case list() if value and name in {"changed", "ignored"} and not values:
                yield f"{_label(name)}: {', '.join(map(str, value))}"
            case str() if name == "reason" and value in Conflict.Reason.values:
                yield Conflict.Reason(value).label
            case str() if name in {"method", "role", "reason"} or name in values:
                yield f"{_label(name)}: {_shown(value)}"
            case bool() if name == "break_glass":
                yield "now a break-glass account" if value else "no longer a break-glass account"


def _label(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
