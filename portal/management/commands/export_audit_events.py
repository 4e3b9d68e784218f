"""`manage.py export_audit_events`: the audit log as JSON lines, for a SIEM (docs/events.md)."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from identity.actors import Operator
from identity.models import AuditEvent
from portal.logging import redact
from portal.management.moments import moment
from portal.management.operator_command import OperatorCommand, as_json
from portal.management.progress import progress
from portal.ocsf import as_ocsf

BATCH = 1000

# Ids are given out before their transactions commit, so that one may show up after a higher one has.
SETTLED_AFTER = timedelta(minutes=1)


class Command(OperatorCommand):
    help = (
        "Writes audit events as JSON lines (OCSF, docs/events.md) to standard output, the oldest first. With --follow "
        "it goes on with what happens from now on, until it is ended. To go on where a collector stopped, give it the "
        "last metadata.uid it has with --after; some events may then come twice, never none."
    )
    examples = (
        "manage.py export_audit_events --since 7d > events.jsonl\n"
        "manage.py export_audit_events --after 81733 --follow | your-collector"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=moment, metavar="WHEN", help="2026-11-25, 2026-11-25T08:00, 90m, 2h or 7d")
        parser.add_argument("--after", type=int, default=0, metavar="UID", help="only events after this one")
        parser.add_argument("--follow", action="store_true", help="go on as events happen")
        parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between looks (default: 1)")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        start = first_id(options["since"], options["after"])
        past = AuditEvent.objects.filter(pk__gte=start)
        if options["follow"]:
            self.write(follow(start, options["interval"]))
        else:
            self.write(progress(chain.from_iterable(batches(start)), total=past.count(), unit="events"))

    def write(self, events: Any) -> None:
        try:
            for event in events:
                self.stdout.write(redact(as_json(as_ocsf(event))))
                self.stdout.flush()
        except (KeyboardInterrupt, BrokenPipeError):
            return  # ended by hand, or nobody reads any more


def first_id(since: datetime | None, after: int) -> int:
    return max(after + 1, AuditEvent.objects.first_id_since(since) if since else 0)


def batches(start: int) -> Iterator[list[AuditEvent]]:
    """The events from this id on, in order, a thousand at a time by primary key."""
    while batch := list(AuditEvent.objects.filter(pk__gte=start).order_by("pk")[:BATCH]):
        yield batch
        start = batch[-1].pk + 1


def follow(start: int, interval: float) -> Iterator[AuditEvent]:
    """The events from this id on, for ever, each once, also those that become visible out of order."""
    seen: set[int] = set()
    while True:
        settled = timezone.now() - SETTLED_AFTER
        for event in chain.from_iterable(batches(start)):
            if event.pk not in seen:
                yield event
            if event.at < settled:
                start = event.pk + 1
            else:
                seen.add(event.pk)
        seen = {pk for pk in seen if pk >= start}
        time.sleep(interval)
