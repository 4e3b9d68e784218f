"""Audit events in the order of their ids, each once and none passed by: what every stream to another system reads.

PostgreSQL gives an id out when a row is inserted and shows the row when its transaction commits, so that one may show
up after a higher one has. An id that is missing was rolled back or is still to come. Which of the two, the table's
locks tell: whoever inserts holds ROW EXCLUSIVE from before the id is given out until the transaction ends. So nothing
more comes below an id that could be seen once all have ended who held that lock then. Every role may read `pg_locks`,
through a pooler too, and writers pay nothing. SQLite has one writer at a time: ids show up in their order.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from django.db import connection
from django.db.models import Max

from identity.audit import of_one
from identity.models import AuditEvent, MembershipChange

BATCH = 1000
POLL_SECONDS = 0.02


class Horizon:
    """The id up to which every event has come that ever will, looked for from `at` on."""

    def __init__(self, at: int) -> None:
        self.at = at
        self._awaited: tuple[int, frozenset[str]] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether events were there at the last look that others may still come before."""
        return self._awaited is not None

    def look(self) -> int:
        """Move on as far as possible, and wait for nobody."""
        newest = newest_id()
        if newest <= self.at:
            return self.at
        if self._awaited is None:
            self._awaited = newest, _writers()
        seen, writers = self._awaited
        if writers and writers & _writers():
            self.at = self._last_without_a_gap()
        else:
            self.at, self._awaited = max(self.at, seen), None
        return self.at

    def settle(self, seconds: float) -> int:
        """The same, and wait for those who are writing now, but no longer than this."""
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
    """The events after an id, for as long as somebody reads."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._horizon = Horizon(after)

    def read(self) -> list[AuditEvent]:
        """The next events, none if there are none yet, or none that others could not still come before."""
        if self.after >= self._horizon.at:
            self._horizon.look()
        rows = AuditEvent.objects.filter(pk__gt=self.after, pk__lte=self._horizon.at)
        found = list(rows.select_related("origin").order_by("pk")[:BATCH])
        if found:
            self.after = found[-1].pk
        return found


def newest_id() -> int:
    """Of the events that can be seen now."""
    return AuditEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0


def with_moves(events: list[AuditEvent]) -> Iterator[AuditEvent]:
    """The events; after one that moved people between groups, what it was for each of them."""
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


# Fixed SQL. Of this connection's own transaction everything can be seen that there is.
_HOLDERS = """
    SELECT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'identity_auditevent'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND granted AND pid IS DISTINCT FROM pg_backend_pid()"""


def _writers() -> frozenset[str]:
    """The transactions that may have been given ids of events which nobody else can see yet."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS)
        return frozenset(holder for (holder,) in cursor.fetchall())
