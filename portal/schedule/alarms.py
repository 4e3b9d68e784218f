"""Looking for what people are to be told of (R30), and telling them: jobs of the schedule."""

from __future__ import annotations

from identity.core.actors import Schedule
from identity.core.alarm_kinds import AlarmFound, AlarmKind
from identity.queries import alarm_states
from identity.queries.event_stream import EventStream
from identity.services import alarms, background, notification_rules


def look(actor: Schedule) -> int:
    """Raise, resolve and tell; how many notices were made."""
    notification_rules.prepare()
    found = [one for of_kind in alarm_states.STATES.values() for one in of_kind()]
    alarms.note_states([*found, *_mail()], {*alarm_states.STATES, AlarmKind.MAIL}, actor=actor)
    _read_events(actor)
    return notification_rules.tell()


def look_for_drift(actor: Schedule) -> int:
    """How many groups differ; `look` tells of it."""
    found = list(alarm_states.drift())
    alarms.note_states(found, {AlarmKind.DRIFT}, actor=actor)
    return sum(one.number for one in found)


def _mail() -> list[AlarmFound]:
    """Whether tasks wait for long, or have failed for good."""
    queue = background.queue()
    troubled = (queue.waiting if background.is_stuck() else 0) + queue.failed
    return [AlarmFound(AlarmKind.MAIL, "tasks", number=troubled)] if troubled else []


def _read_events(actor: Schedule) -> None:
    stream = EventStream(alarms.position())
    while events := stream.read():
        alarms.note_events(alarm_states.of_events(events), after=stream.after, actor=actor)
