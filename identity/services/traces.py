"""Traces of attacks in the audit trail: refused sign-ins, unknown tokens, refusals by role (ASVS 5.0, 16.3).

Counted, not listed: repeats from one network about one account are one event per time window, however many there
are; and each kind has a maximum of events per window. A flood of requests causes neither a flood of rows
nor of statements: each process writes its counts once a second.

Typed names are not stored: people mistakenly type passwords there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, InterfaceError, connections, transaction
from django.utils import timezone

from identity import audit
from identity.core.origins import Origin
from identity.db.uniqueness import is_taken
from identity.events import MANY_ADDRESSES, Event
from identity.models import AuditOrigin

if TYPE_CHECKING:
    from identity.core.actors import Actor

logger = logging.getLogger(__name__)

WINDOW = timedelta(minutes=10)
EVENTS_A_WINDOW = 100  # per kind; anything beyond is counted in one more
FLUSH_SECONDS = 1.0
KEYS_HELD = 1_000


@dataclass(frozen=True, slots=True)
class Trace:
    """One kind of occurrence, from one network and about one account or provider."""

    action: Event
    actor: Actor
    origin: Origin
    user_id: int | None
    identity_provider_id: int | None
    details: dict[str, Any]

    @property
    def key(self) -> str:
        """What it is counted under: without the actor's request, and with the address's network."""
        about = [self.user_id, self.identity_provider_id, self.actor.id]
        return json.dumps([self.action, self.origin.network, *about, self.details])

    def window(self, number: int) -> str:
        return f"{number}:{self.action}:{hashlib.sha256(self.key.encode()).hexdigest()[:32]}"

    def among_others(self) -> Trace:
        """The shared counter for occurrences too many to be told apart."""
        details = {"from": MANY_ADDRESSES.data}
        return replace(self, origin=Origin(), user_id=None, identity_provider_id=None, details=details)


def note(
    action: Event,
    *,
    actor: Actor,
    origin: Origin,
    user_id: int | None = None,
    identity_provider_id: int | None = None,
    **details: str | int,
) -> None:
    """Count one more occurrence. The response to the request does not depend on it."""
    _tally.add(Trace(action, actor, origin, user_id, identity_provider_id, details))


def flush() -> None:
    """Write the counts that are not written yet."""
    _tally.flush()


class _Tally:
    """The counts of this process since its last write."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: dict[str, tuple[Trace, int]] = {}
        self._written_at = float("-inf")
        self._timer: Timer | None = None

    def add(self, trace: Trace) -> None:
        with self._lock:
            if len(self._counted) >= KEYS_HELD and trace.key not in self._counted:
                trace = trace.among_others()
            first, times = self._counted.get(trace.key, (trace, 0))
            self._counted[trace.key] = first, times + 1
            is_due = time.monotonic() - self._written_at >= FLUSH_SECONDS
            if not is_due and self._timer is None:
                self._timer = Timer(FLUSH_SECONDS, self._flush_beside)
                self._timer.daemon = True
                self._timer.start()
        if is_due:
            self.flush()

    def flush(self) -> None:
        with self._lock:
            counted, self._counted = self._counted, {}
            self._written_at = time.monotonic()
        for trace, times in counted.values():
            _write(trace, times)

    def _flush_beside(self) -> None:
        self._timer = None
        try:
            self.flush()
        finally:
            connections.close_all()  # those of this thread


_tally = _Tally()


def _write(trace: Trace, times: int) -> None:
    try:
        _count(trace, times)
    except (DatabaseError, InterfaceError):
        logger.exception("%s could not be noted %s times", trace.action, times)


def _count(trace: Trace, times: int) -> None:
    number = int(timezone.now().timestamp() // WINDOW.total_seconds())
    if audit.count_again(trace.window(number), times):
        return
    if _are_too_many(trace.action, number):
        trace = trace.among_others()
    if audit.count_again(trace.window(number), times):
        return
    try:
        _record(trace, trace.window(number), times)
    except IntegrityError as error:
        if not is_taken(error):
            raise
        audit.count_again(trace.window(number), times)  # another process was first


def _are_too_many(action: Event, number: int) -> bool:
    return AuditOrigin.objects.filter(window__startswith=f"{number}:{action}:").count() >= EVENTS_A_WINDOW


@transaction.atomic
def _record(trace: Trace, window: str, times: int) -> None:
    audit.record(
        trace.action,
        actor=trace.actor,
        user_id=trace.user_id,
        identity_provider_id=trace.identity_provider_id,
        details=trace.details,
        origin=trace.origin,
        window=window,
        times=times,
    )
