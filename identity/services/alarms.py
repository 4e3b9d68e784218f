"""Alarms (R30): raised once, resolved once, by states that are looked at and by events that are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit
from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.db.pruning import ROWS_AT_ONCE, prune
from identity.events import Event
from identity.models import Alarm, AuditEvent, EventReader

if TYPE_CHECKING:
    from identity.core.actors import Actor

KEPT = timedelta(days=180)
READER = "alarms"


@transaction.atomic
def note_states(found: Iterable[AlarmFound], kinds: Collection[AlarmKind], *, actor: Actor) -> int:
    """Raise what is new, and resolve what of these kinds is no more; how many stand."""
    held_reader()
    now = {(one.kind.value, one.subject): one for one in found}
    standing = {(row.kind, row.subject): row for row in Alarm.objects.standing().filter(kind__in=kinds)}
    for key, one in now.items():
        if key not in standing:
            raise_alarm(one, actor=actor)
        elif (row := standing[key]).number != one.number or row.label != one.label:
            Alarm.objects.filter(pk=row.pk).update(number=one.number, label=one.label)
    for key in standing.keys() - now.keys():
        _resolve(standing[key], actor)
    return len(now)


@transaction.atomic
def note_events(found: Iterable[AlarmFound], *, after: int, actor: Actor) -> int:
    """Raise one for each of these, which happened and are over; the reader has come to `after`."""
    reader = held_reader()
    if after <= reader.after:  # another process was here
        return 0
    raised = [raise_alarm(one, actor=actor) for one in found]
    reader.after = after
    reader.save(update_fields=["after"])
    return len(raised)


def raise_alarm(one: AlarmFound, *, actor: Actor) -> Alarm:
    """Within a transaction."""
    details = {"kind": one.kind.value, "subject": one.subject, "label": one.label, "number": one.number}
    alarm = Alarm.objects.create(
        kind=one.kind.value,
        subject=one.subject,
        label=one.label[:200],
        number=one.number,
        user_id=one.user_id,
        lasts=not one.kind.is_event,
    )
    event = audit.record(Event.ALARM_RAISED, actor=actor, user_id=one.user_id, details={"alarm": alarm.pk, **details})
    alarm.raised_in = event.pk
    alarm.save(update_fields=["raised_in"])
    return alarm


def _resolve(alarm: Alarm, actor: Actor) -> None:
    details = {"alarm": alarm.pk, "kind": alarm.kind, "subject": alarm.subject, "label": alarm.label}
    event = audit.record(Event.ALARM_RESOLVED, actor=actor, user_id=alarm.user_id, details=details)
    alarm.resolved_at, alarm.resolved_in = timezone.now(), event.pk
    alarm.save(update_fields=["resolved_at", "resolved_in"])


def held_reader() -> EventReader:
    """The row that all who raise, resolve and tell hold meanwhile; a new portal begins with what happens next."""
    if not EventReader.objects.filter(name=READER).exists():
        reader = EventReader(name=READER, after=AuditEvent.objects.newest_id())
        EventReader.objects.bulk_create([reader], ignore_conflicts=True)
    return EventReader.objects.select_for_update().get(name=READER)


@transaction.atomic
def position() -> int:
    """The last event that was read for alarms."""
    return held_reader().after


def forget_old() -> int:
    """Delete alarms that ended half a year ago, with their notices; how many rows."""
    old = Alarm.objects.exclude(lasts=True, resolved_at=None).filter(raised_at__lt=timezone.now() - KEPT)

    def delete(keys: list[int]) -> int:
        return Alarm.objects.filter(pk__in=keys).delete()[0]

    return prune(lambda: list(old.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]), delete)
