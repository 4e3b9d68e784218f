"""Audit events in sentences: actor, action and target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from identity.events import why_moved, words_to_person
from identity.models import AuditEvent, Conflict, Group, IdentityProvider, User


@dataclass(frozen=True, slots=True)
class EventInWords:
    """An event in words; `person`: the actor, if it has an account."""

    event: AuditEvent
    words: str
    details: tuple[str, ...]
    actor: str
    group: Group | None
    person: User | None


def tell(events: Iterable[AuditEvent], groups: dict[int, Group] | None = None) -> list[EventInWords]:
    """Events with the names of the actor and everything they mention, in a few statements for the whole list.

    `groups`: the groups that the events are about, by id, if already loaded.
    """
    events = list(events)
    people = User.objects.in_bulk({e.actor_id for e in events if e.actor_kind == "user" and e.actor_id})
    if groups is None:
        groups = Group.objects.in_bulk({e.group_id for e in events if e.group_id})
    providers = IdentityProvider.objects.in_bulk({e.identity_provider_id for e in events if e.identity_provider_id})
    return [
        EventInWords(
            event,
            words_to_person(event.action),
            tuple(_details(event)),
            actor_of(event, people, providers),
            groups.get(event.group_id or 0),
            people.get(event.actor_id or 0) if event.actor_kind == "user" else None,
        )
        for event in events
    ]


def actor_of(event: AuditEvent, people: dict[int, User], providers: dict[int, IdentityProvider]) -> str:
    """The actor, by current name."""
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
            case str() if name == "cause" and (why := why_moved(value)):
                yield why
            case str() if name == "reason" and value in Conflict.Reason.values:
                yield Conflict.Reason(value).label
            case str() if name in {"method", "role", "reason"} or name in values:
                yield f"{_label(name)}: {_shown(value)}"
            case str() if name == "restored_run":
                yield f"restored after {value}"
            case bool() if name == "break_glass":
                yield "now a break-glass account" if value else "no longer a break-glass account"


def _label(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)
