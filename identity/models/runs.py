"""Runs: the writes of one identity provider without a pause of 15 minutes (R27).

Nothing is stored of a run: it is found in the provisioning log by its quarters of an hour. The first and the last write
of each tell where the pauses are, so that a busy day costs as much as a quiet one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from identity.core.actors import SignIn
from identity.db.replica import connection
from identity.models.trail import AuditEvent, ProvisioningLog, RecordQuerySet

PAUSE = timedelta(minutes=15)
_DAY = timedelta(days=1)
_HALF = PAUSE / 2  # nothing is written in a pause: between two runs, half of it belongs to each


@dataclass(frozen=True, slots=True)
class Run:
    """The first and the last row of the log, and the times between which all of its events were written.

    Where an identity provider makes no pause for a whole day (UTC), a run ends with that day.
    """

    identity_provider_id: int
    first_id: int
    last_id: int
    began_at: datetime
    ended_at: datetime
    since: datetime
    until: datetime

    @property
    def entries(self) -> RecordQuerySet:
        """Its rows of the provisioning log."""
        rows = ProvisioningLog.objects.filter(identity_provider=self.identity_provider_id)
        return rows.filter(pk__gte=self.first_id, pk__lte=self.last_id).exclude(method=SignIn.method)

    @property
    def events(self) -> RecordQuerySet:
        """What it changed, as events of the audit log."""
        return AuditEvent.objects.filter(
            identity_provider_id=self.identity_provider_id,
            actor_kind="scim_token",
            pk__gte=AuditEvent.objects.first_id_since(self.since),
            pk__lt=AuditEvent.objects.first_id_since(self.until),
        )


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """Something that a run took and that is not given back: a user, a membership or a mapping, and why."""

    user_id: int
    group_id: int
    sso_group: str
    reason: str


def runs_between(provider_id: int, begin: datetime, end: datetime) -> list[Run]:
    """The runs that began in these days (UTC), latest first; one statement."""
    begin, end = _midnight(begin), _midnight(end)
    quarters = _quarters(provider_id, begin - _DAY, min(end + _DAY, timezone.now() + PAUSE))
    return [run for run in reversed(_joined(provider_id, quarters)) if begin <= run.began_at < end]


def run_of(entry: ProvisioningLog) -> Run | None:
    """The run that this row of the log is part of; None for a row that no identity provider sent."""
    if entry.identity_provider_id is None or entry.method == SignIn.method:
        return None
    day = _midnight(entry.at)
    found = runs_between(entry.identity_provider_id, day - _DAY, day + _DAY)
    return next((run for run in found if run.first_id <= entry.pk <= run.last_id), None)


def last_before(provider_id: int, log_id: int | None) -> ProvisioningLog | None:
    """The identity provider's last row before this one, or of all."""
    rows = ProvisioningLog.objects.filter(identity_provider=provider_id).exclude(method=SignIn.method)
    found: ProvisioningLog | None = (rows if log_id is None else rows.filter(pk__lt=log_id)).order_by("-pk").first()
    return found


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


class _Quarter(NamedTuple):
    """A quarter of an hour in which the identity provider wrote."""

    starts: datetime
    first_id: int
    first_at: datetime
    last_id: int
    last_at: datetime


def _joined(provider_id: int, quarters: Iterable[_Quarter]) -> list[Run]:
    """Runs, oldest first, of quarters that begin at a midnight."""
    runs: list[list[_Quarter]] = []
    unbroken, cut = None, set[int]()
    for quarter in quarters:
        if unbroken is None or quarter.first_at - runs[-1][-1].last_at >= PAUSE:
            unbroken = quarter.starts
            runs.append([quarter])
        elif quarter.starts == _midnight(quarter.starts) and unbroken <= quarter.starts - _DAY:
            cut.add(len(runs))
            runs.append([quarter])
        else:
            runs[-1].append(quarter)
    return [_run(provider_id, found, number in cut, number + 1 in cut) for number, found in enumerate(runs)]


def _run(provider_id: int, found: list[_Quarter], is_cut_before: bool, is_cut_after: bool) -> Run:
    first, last = found[0], found[-1]
    return Run(
        provider_id,
        first.first_id,
        last.last_id,
        first.first_at,
        last.last_at,
        first.starts if is_cut_before else first.first_at - _HALF,
        last.starts + PAUSE if is_cut_after else last.last_at + _HALF,
    )


def _quarters(provider_id: int, begin: datetime, end: datetime) -> list[_Quarter]:
    """The quarters of an hour with a write in them; `begin` is a midnight."""
    ticks = [begin + PAUSE * number for number in range((end - begin) // PAUSE + 2)]
    stored = [connection.ops.adapt_datetimefield_value(tick) for tick in ticks]
    given = stored if connection.vendor == "postgresql" else json.dumps([str(tick) for tick in stored])
    with connection.cursor() as cursor:
        cursor.execute(_QUARTERS[connection.vendor], [given, *[provider_id] * 2])
        return [
            _Quarter(ticks[number - 1], first_id, _aware(first_at), last_id, _aware(last_at))
            for number, first_id, first_at, last_id, last_at in cursor.fetchall()
        ]


def _aware(stored: Any) -> datetime:
    """SQLite keeps times without a zone, in UTC."""
    found = datetime.fromisoformat(str(stored))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# The log is bisected for all quarters at once, in some thirty rounds whatever its size: the index on the primary key is
# in the order of time, and no index on the time is needed, which every write would pay for. The times are looked up one
# by one: for a join, PostgreSQL would read the whole log.
_QUARTERS = {
    vendor: f"""
    WITH RECURSIVE tick (number, at) AS ({ticks}),
    span (number, at, low, high) AS (
        SELECT number, at, (SELECT coalesce(min(id), 0) FROM identity_provisioninglog),
               (SELECT coalesce(max(id), 0) + 1 FROM identity_provisioninglog) FROM tick
        UNION ALL
        SELECT number, at,
            CASE WHEN (SELECT l.at FROM identity_provisioninglog l WHERE l.id >= (low + high) / 2
                        ORDER BY l.id LIMIT 1) < span.at THEN (low + high) / 2 + 1 ELSE low END,
            CASE WHEN (SELECT l.at FROM identity_provisioninglog l WHERE l.id >= (low + high) / 2
                        ORDER BY l.id LIMIT 1) < span.at THEN high ELSE (low + high) / 2 END
        FROM span WHERE low < high
    ),
    edge (number, id) AS (SELECT number, low FROM span WHERE low >= high),
    quarter (number, first_id, last_id) AS MATERIALIZED (
        SELECT e.number,
            (SELECT l.id FROM identity_provisioninglog l WHERE l.identity_provider_id = %s
                AND l.method <> 'SIGN-IN' AND l.id >= e.id AND l.id < f.id ORDER BY l.id LIMIT 1),
            (SELECT l.id FROM identity_provisioninglog l WHERE l.identity_provider_id = %s
                AND l.method <> 'SIGN-IN' AND l.id >= e.id AND l.id < f.id ORDER BY l.id DESC LIMIT 1)
          FROM edge e JOIN edge f ON f.number = e.number + 1 WHERE e.id < f.id
    )
    SELECT q.number, q.first_id, (SELECT l.at FROM identity_provisioninglog l WHERE l.id = q.first_id),
           q.last_id, (SELECT l.at FROM identity_provisioninglog l WHERE l.id = q.last_id)
      FROM quarter q WHERE q.first_id IS NOT NULL
     ORDER BY q.number
    """
    for vendor, ticks in {
        "postgresql": "SELECT ordinality, at FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS given (at, ordinality)",
        "sqlite": "SELECT key + 1, value FROM json_each(%s)",
    }.items()
}
