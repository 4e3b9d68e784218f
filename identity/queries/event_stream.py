"""Audit events in id order, each once and without gaps: what every stream to another system reads.

PostgreSQL assigns an id when a row is inserted and shows the row when its transaction commits, so a lower id may
appear after a higher one. A missing id was rolled back or is still to come; the table's
locks tell which: an insert holds ROW EXCLUSIVE from before the id is assigned until the transaction ends. So nothing
more appears below a visible id once all transactions that held that lock then have ended. Every role may read
`pg_locks`, even through a pooler, and writers pay nothing. SQLite has one writer at a time: ids appear in order.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from django.db import connection

from identity.audit import of_one
from identity.models import AuditEvent, MembershipChange

BATCH = 1000
POLL_SECONDS = 0.02


class Horizon:
    """The id up to which all events are visible, searched from `at` on."""

    def __init__(self, at: int) -> None:
        self.at = at
        self._awaited: tuple[int, frozenset[str]] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the last look found events that others may still precede."""
        return self._awaited is not None

    def look(self) -> int:
        """Advance as far as possible without waiting."""
        newest = AuditEvent.objects.newest_id()
        if newest <= self.at:
            return self.at
        if self._awaited is None:
            self._awaited = newest, _writers()
        seen, writers = self._awaited
        if writers and writers & _writers():
            self.at = self._last_without_a_gap()
        else:
            self.at = max(self.at, seen)
        if self.at >= seen:  # rows are seen a moment before their writer lets go of its lock
            self._awaited = None
        return self.at

    def settle(self, seconds: float) -> int:
        """The same, but wait for current writers, up to this long."""
        ends = time.monotonic() + seconds
        self.look()
        while self.is_awaited and time.monotonic() < ends:
            time.sleep(POLL_SECONDS)
            self.look()
        return self.at

    def _last_without_a_gap(self) -> int:
        at = self.at
        for found in AuditEvent.objects.filter(pk__gt=at).order_by("pk").values_list("pk", flat=True)[:BATCH]:
            if found != at + 1:
                break
            at = found
        return at


class EventStream:
    """The events after an id, for as long as the reader wants."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._horizon = Horizon(after)

    def read(self) -> list[AuditEvent]:
        """The next events; none if there are none yet, or only some that others may still precede."""
        if self.after >= self._horizon.at:
            self._horizon.look()
        rows = AuditEvent.objects.filter(pk__gt=self.after, pk__lte=self._horizon.at)
        found = list(rows.select_related("origin").order_by("pk")[:BATCH])
        if found:
            self.after = found[-1].pk
        return found


def with_moves(events: list[AuditEvent]) -> Iterator[AuditEvent]:
    """The events; each that moved people between groups is followed by one for each of them."""
    if not events:
        return
    moves = MembershipChange.objects.filter(event_id__gte=events[0].pk, event_id__lte=events[-1].pk)
    moving = set(moves.values_list("event_id", flat=True).distinct())
    for event in events:
        yield event
        if event.pk in moving:
            yield from _moved_by(event)


def _moved_by(event: AuditEvent) -> Iterable[AuditEvent]:
    for change in MembershipChange.objects.filter(event_id=event.pk).order_by("pk").iterator():
        yield of_one(event, change.group_id, change.user_id, change.joined)


# Fixed SQL. Everything of this connection's own transaction is visible.
_HOLDERS = """
    SELECT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'identity_auditevent'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND granted AND pid IS DISTINCT FROM pg_backend_pid()"""


def _writers() -> frozenset[str]:
    """The transactions that may hold ids of events not yet visible to others."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS)
        return frozenset(holder for (holder,) in cursor.fetchall())
