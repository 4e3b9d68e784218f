"""What one request did inside a transaction, in words: it is read before it is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from identity.events import words_of
from identity.models import AuditEvent, Conflict, IdentityProvider, ProvisioningLog
from identity.queries.moves import moved_by
from identity.queries.names import Names
from identity.queries.trail import tell


@dataclass(frozen=True, slots=True)
class LogLine:
    """A row that the provisioning log would have."""

    outcome: str
    label: str
    status: int
    summary: str


@dataclass(frozen=True, slots=True)
class TriedChange:
    """An event that the audit log would have: what, about whom or which group, and who joins and leaves."""

    action: str
    words: str
    subject: str
    details: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Consequences:
    """All that would remain of it."""

    log: tuple[LogLine, ...] = ()
    changes: tuple[TriedChange, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def are_none(self) -> bool:
        return not (self.log or self.changes or self.conflicts)


def consequences_of(request_id: str, provider: IdentityProvider) -> Consequences:
    """By the request's id, in the transaction in which it was served."""
    if connection.needs_rollback:  # the database failed in it, and can't be asked
        return Consequences()
    rows = list(ProvisioningLog.objects.filter(request_id=request_id).order_by("pk"))
    events = AuditEvent.objects.filter(request_id=request_id, identity_provider_id=provider.pk)
    conflicts = Conflict.objects.filter(pk__in=[pk for row in rows if (pk := row.details.get("conflict"))])
    return Consequences(
        tuple(LogLine(row.outcome, row.get_outcome_display(), row.status, row.summary) for row in rows),
        tuple(_changes(list(events.select_related("personal_data").order_by("pk")))),
        tuple(f"{conflict.get_reason_display()}: {conflict.user.display_name}" for conflict in conflicts),
    )


def _changes(events: list[AuditEvent]) -> Iterator[TriedChange]:
    names = Names(events)
    for told in tell(events):
        event = told.event
        subject = ", ".join(filter(None, (names.user(event), names.group(event))))
        moved = moved_by(event.pk)
        moves = moved.moves if moved else []
        yield TriedChange(
            event.action,
            words_of(event.action),
            subject,
            told.details,
            tuple(f"{move.who} → {move.where}" for move in moves if move.change.joined),
            tuple(f"{move.who} → {move.where}" for move in moves if not move.change.joined),
            moved.more if moved else 0,
        )
