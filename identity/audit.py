"""The audit trail: one event per change, written in the change's own transaction (SR-41)."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from identity.db.compiled import insert
from identity.events import Event, Personal
from identity.models import AuditEvent, AuditOrigin, AuditPersonalData

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from identity.core.actors import Actor
    from identity.core.origins import Origin

    Moves = Sequence[tuple[int, int]]

# How events are passed on to other systems (AUDIT_EVENTS): each log record carries one as `event`.
logger = logging.getLogger(__name__)


def record(
    action: Event,
    *,
    actor: Actor,
    user_id: int | None = None,
    group_id: int | None = None,
    sso_group_id: int | None = None,
    identity_provider_id: int | None = None,
    details: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
    origin: Origin | None = None,
    window: str | None = None,
    times: int = 1,
) -> AuditEvent:
    """Write one event. `personal` (`user_id`'s names, usernames, emails) and `origin` are kept apart for erasure.

    Only events that `identity.events` allows to carry them do. None may hold a secret: no password, token or link
    (SR-15). `window`: the event will be counted again under this key (`count_again`); `times`: how often it has
    happened already.
    """
    _require_said(action, personal, origin)
    event = insert(
        AuditEvent(
            action=action.value,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label,
            request_id=actor.request_id,
            identity_provider_id=identity_provider_id or getattr(actor, "identity_provider_id", None),
            user_id=user_id,
            group_id=group_id,
            sso_group_id=sso_group_id,
            details=details or {},
        )
    )
    if personal and user_id is not None:
        insert(AuditPersonalData(event=event, user_id=user_id, values=personal))
    if origin is not None:
        about = user_id if user_id is not None or actor.kind != "user" else actor.id
        insert(
            AuditOrigin(
                event=event,
                user_id=about,
                address=origin.address,
                network=origin.network,
                browser=origin.browser,
                window=window,
                times=times,
            )
        )
    _hand_on([event])
    return event


def _require_said(action: Event, personal: object, origin: object) -> None:
    """What is shown and erased follows `identity.events`: a value not declared there is a programming error."""
    for value, kind in ((personal, Personal.NAMES), (origin, Personal.ORIGIN)):
        if value and kind not in action.told.personal:
            raise ValueError(f"{action} carries no {kind.name}: say so in identity.events")


def count_again(window: str, times: int) -> bool:
    """Add to the event of this window; False when there is none yet.

    Other systems are notified again whenever the count gains a digit.
    """
    rows = AuditOrigin.objects.filter(window=window)
    if not rows.update(times=F("times") + times, last_at=timezone.now()):
        return False
    if logger.isEnabledFor(logging.INFO):
        origin = rows.select_related("event").get()
        if len(str(origin.times)) > len(str(origin.times - times)):
            origin.event.origin = origin
            _hand_on([origin.event])
    return True


def record_each(
    action: Event,
    user_ids: Iterable[int],
    *,
    actor: Actor,
    group_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """The same event for each of these users, in one statement."""
    events = AuditEvent.objects.bulk_create(
        AuditEvent(
            action=action.value,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label,
            request_id=actor.request_id,
            user_id=user_id,
            group_id=group_id,
            details=details or {},
        )
        for user_id in user_ids
    )
    _hand_on(events)


def record_moves(event: AuditEvent, *, joined: Moves = (), left: Moves = ()) -> None:
    """Who joined and left which portal group by this event, as (group id, user id): one statement for all."""
    moves = [(*pair, True) for pair in sorted(joined)] + [(*pair, False) for pair in sorted(left)]
    if moves:
        with connection.cursor() as cursor:
            cursor.execute(_MOVES[connection.vendor], [event.pk, *_parameters(moves)])
        _hand_on_moves(event, moves)


# Fixed SQL: a group push may move 50,000 people.
_MOVES = {
    "postgresql": """
        INSERT INTO identity_membershipchange (event_id, group_id, user_id, joined)
        SELECT %s, moved.* FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[]) AS moved""",
    "sqlite": """
        INSERT INTO identity_membershipchange (event_id, group_id, user_id, joined)
        SELECT %s, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
          FROM json_each(%s)""",
}


def _parameters(moves: list[tuple[int, int, bool]]) -> list[Any]:
    if connection.vendor == "postgresql":
        return [list(column) for column in zip(*moves, strict=True)]
    return [json.dumps(moves)]


def _hand_on(events: list[AuditEvent]) -> None:
    """Pass the event on after commit: one that is rolled back never happened."""
    if logger.isEnabledFor(logging.INFO):
        transaction.on_commit(lambda: _log(events), robust=True)


def _hand_on_moves(event: AuditEvent, moves: list[tuple[int, int, bool]]) -> None:
    if logger.isEnabledFor(logging.INFO):
        _hand_on([of_one(event, *move) for move in moves])


def of_one(event: AuditEvent, group_id: int, user_id: int, joined: bool) -> AuditEvent:
    """An event that moved many users, as seen by one of them and by other systems; never stored."""
    return AuditEvent(
        pk=event.pk,
        at=event.at,
        action=(Event.MEMBERSHIP_ADDED if joined else Event.MEMBERSHIP_REMOVED).value,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        actor_label=event.actor_label,
        request_id=event.request_id,
        identity_provider_id=event.identity_provider_id,
        group_id=group_id,
        user_id=user_id,
        sso_group_id=event.sso_group_id,
        details={"through": event.action},
    )


def _log(events: list[AuditEvent]) -> None:
    for event in events:
        logger.info(event.action, extra={"event": event})


def change(old: Any, new: Any) -> dict[str, Any]:
    """An attribute's old and new value, as stored in events."""
    return {"from": old, "to": new}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same of each attribute that differs."""
    return {name: change(before[name], value) for name, value in after.items() if before[name] != value}
