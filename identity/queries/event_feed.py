"""Audit events for programs: each once, in one order, and each move of a person between groups as one of its own.

The feed of the REST API and webhooks read on from a position, part by part: an event that moved 50,000 people is
250 parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from django.db.models import Q

from identity.audit import of_one
from identity.models import AuditEvent, MembershipChange


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """Right after an event, and after one of the moves that follow it (its key; 0: before them)."""

    event: int = 0
    move: int = 0

    @classmethod
    def after(cls, uid: str) -> Self:
        """After the event of this uid, `81734` or `81734:7:4711`. Raises ValueError for what is none."""
        event, *moved = [_number(part) for part in uid.split(":")]
        if not moved:
            return cls(event)
        group, user = moved
        moves = MembershipChange.objects.filter(user_id=user, event_id=event, group_id=group)
        if (move := moves.order_by("-pk").values_list("pk", flat=True).first()) is None:
            raise ValueError(uid)
        return cls(event, move)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An event, and the position after it."""

    event: AuditEvent
    position: FeedPosition


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def entries(after: FeedPosition, *, until: int, limit: int) -> list[FeedEntry]:
    """The next ones, `limit` at most, up to the event `until`; two statements."""
    events = AuditEvent.objects.filter(pk__gte=after.event, pk__lte=until).select_related("origin")
    found = list(events.order_by("pk")[: limit + 1])  # the one at the position may still have moves
    if not found:
        return []
    rest = Q(event_id__gt=after.event) | Q(event_id=after.event, pk__gt=after.move)
    moves = MembershipChange.objects.filter(rest, event_id__gte=found[0].pk, event_id__lte=found[-1].pk)
    return list(_in_order(found, list(moves.order_by("event_id", "pk")[:limit]), after))[:limit]


def _in_order(events: list[AuditEvent], moves: list[MembershipChange], after: FeedPosition) -> Iterator[FeedEntry]:
    of_event: dict[int, list[MembershipChange]] = {}
    for move in moves:
        of_event.setdefault(move.event_id, []).append(move)
    for event in events:
        if event.pk > after.event:
            yield FeedEntry(event, FeedPosition(event.pk))
        for move in of_event.get(event.pk, []):
            one = of_one(event, move.group_id, move.user_id, move.joined)
            yield FeedEntry(one, FeedPosition(event.pk, move.pk))


def at(positions: Iterable[FeedPosition]) -> dict[FeedPosition, AuditEvent]:
    """The events before these positions, as they are now; two statements."""
    wanted = set(positions)
    events = AuditEvent.objects.select_related("origin").in_bulk({one.event for one in wanted})
    moves = MembershipChange.objects.in_bulk({one.move for one in wanted if one.move})
    return {
        one: of_one(events[one.event], moved.group_id, moved.user_id, moved.joined) if moved else events[one.event]
        for one in wanted
        if one.event in events and bool(moved := moves.get(one.move)) == bool(one.move)
    }
