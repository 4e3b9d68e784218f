"""`manage.py export_audit_events`: the audit log as JSON lines, for a SIEM (docs/events.md)."""

import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.models import AuditEvent, MembershipChange
from identity.queries.event_stream import POLL_SECONDS, EventStream, with_moves
from portal.exchange.ocsf import as_ocsf
from portal.management.moments import moment
from portal.management.operator_command import OperatorCommand, as_json
from portal.management.progress import progress
from portal.project.logging import redact

PATIENCE_SECONDS = 60.0  # no change takes longer, unless a connection hangs
UNSETTLED = (
    "Events after {after} are left out: a change that began before them has not ended yet. Go on with --from {after}."
)


def event_id(text: str) -> int:
    """The id of an event, or of its part for one of many users (`81734:7:4711`)."""
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
            self.write(progress(events_from(start, patience=PATIENCE_SECONDS), total=number_from(start), unit="events"))

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


def events_from(start: int, *, patience: float) -> Iterator[AuditEvent]:
    """The existing events from this id on; waits for transactions still writing earlier ones."""
    stream, last, ends = _stream(start), AuditEvent.objects.newest_id(), time.monotonic() + patience
    while stream.after < last:
        if found := stream.read():
            yield from with_moves(found)
        elif time.monotonic() > ends:
            raise CommandError(UNSETTLED.format(after=stream.after))
        else:
            time.sleep(POLL_SECONDS)


def follow(start: int, interval: float) -> Iterator[AuditEvent]:
    """The events from this id on, forever, each once and in id order."""
    stream = _stream(start)
    while True:
        found = stream.read()
        yield from with_moves(found)
        if not found:
            time.sleep(interval)


def _stream(start: int) -> EventStream:
    return EventStream(max(start - 1, 0))
