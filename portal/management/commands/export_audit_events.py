"""`manage.py export_audit_events`: the audit log as JSON lines, for a SIEM (docs/events.md)."""

import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from identity.actors import Operator
from identity.audit import of_one
from identity.models import AuditEvent, MembershipChange
from portal.logging import redact
from portal.management.moments import moment
from portal.management.operator_command import OperatorCommand, as_json
from portal.management.progress import progress
from portal.ocsf import as_ocsf, uid_of

BATCH = 1000

# Ids are given out before their transactions commit, so that one may show up after a higher one has.
SETTLED_AFTER = timedelta(minutes=1)


def event_id(text: str) -> int:
    """Of an event, or of what it was for one of many (`81734:7:4711`)."""
    try:
        return int(text.partition(":")[0])
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no metadata.uid") from error


class Command(OperatorCommand):
    help = (
        "Writes audit events as JSON lines (OCSF, docs/events.md) to standard output, the oldest first. With --follow "
        "it goes on with what happens from now on, until it is ended. To go on where a collector stopped, give it the "
        "last metadata.uid it has with --from; that one then comes twice, and none is missing."
    )
    examples = (
        "manage.py export_audit_events --since 7d > events.jsonl\n"
        "manage.py export_audit_events --from 81733 --follow | your-collector"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=moment, metavar="WHEN", help="2026-11-25, 2026-11-25T08:00, 90m, 2h or 7d")
        parser.add_argument("--from", dest="first", type=event_id, default=0, metavar="UID", help="from this event on")
        parser.add_argument("--follow", action="store_true", help="go on as events happen")
        parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between looks (default: 1)")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        since = AuditEvent.objects.first_id_since(options["since"]) if options["since"] else 0
        start = max(options["first"], since)
        if options["follow"]:
            self.write(follow(start, options["interval"]))
        else:
            self.write(progress(events_from(start), total=number_from(start), unit="events"))

    def write(self, events: Iterable[AuditEvent]) -> None:
        try:
            for event in events:
                self.stdout.write(redact(as_json(as_ocsf(event))))
                self.stdout.flush()
        except KeyboardInterrupt:
            return


def number_from(start: int) -> int:
    moves = MembershipChange.objects.filter(event_id__gte=start)
    return AuditEvent.objects.filter(pk__gte=start).count() + moves.count()


def events_from(start: int) -> Iterator[AuditEvent]:
    """The events from this id on, in order; after one that moved people between groups, what it was for each."""
    while batch := list(AuditEvent.objects.filter(pk__gte=start).select_related("origin").order_by("pk")[:BATCH]):
        moves = MembershipChange.objects.filter(event_id__gte=batch[0].pk, event_id__lte=batch[-1].pk)
        moving = set(moves.values_list("event_id", flat=True).distinct())
        for event in batch:
            yield event
            if event.pk in moving:
                yield from moved_by(event)
        start = batch[-1].pk + 1


def moved_by(event: AuditEvent) -> Iterator[AuditEvent]:
    for change in MembershipChange.objects.filter(event_id=event.pk).order_by("pk").iterator():
        yield of_one(event, change.group_id, change.user_id, change.joined)


def follow(start: int, interval: float) -> Iterator[AuditEvent]:
    """The events from this id on, for ever, each once, also those that become visible out of order."""
    seen: dict[str, int] = {}
    while True:
        settled = timezone.now() - SETTLED_AFTER
        for event in events_from(start):
            if (uid := uid_of(event)) not in seen:
                yield event
            if event.at < settled:
                start = event.pk + 1
            else:
                seen[uid] = event.pk
        seen = {uid: pk for uid, pk in seen.items() if pk >= start}
        time.sleep(interval)
