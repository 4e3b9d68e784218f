"""How long records are kept.

The provisioning log is for troubleshooting: old rows can go, and what was sent goes from them before. Audit events are
append-only and stay (SR-41); only their personal values can go, which are stored apart for this reason (R10).

A number of days in the environment takes precedence over the one an owner chose; without either, records are kept
for good, and requests for 30 days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Refused
from identity.core.periods import MOST_DAYS
from identity.db.locks import lock
from identity.db.partitions import drop_before
from identity.db.pruning import ROWS_AT_ONCE, prune
from identity.events import Event
from identity.models import (
    AccessSettings,
    AuditEvent,
    AuditOrigin,
    AuditPersonalData,
    BulkRun,
    ProvisioningLog,
    RetentionPeriod,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Actor

REQUEST_DAYS = 30
ERASABLE = (AuditPersonalData, AuditOrigin)


def old_log_rows(older_than: timedelta) -> int:
    """How many rows of the provisioning log are older."""
    return ProvisioningLog.objects.before(timezone.now() - older_than).count()


def old_personal_values(older_than: timedelta) -> int:
    """How many older audit events still have personal values or an address."""
    end = _first_event_since(older_than)
    return sum(model._default_manager.filter(pk__lt=end).count() for model in ERASABLE)


def prune_provisioning_log(older_than: timedelta, *, actor: Actor) -> int:
    """Delete older rows of the provisioning log; how many. Where it has parts, those that are wholly older go first."""
    policy.require(Action.PRUNE_RECORDS, actor=actor)
    moment = timezone.now() - older_than
    deleted = drop_before(connection, ProvisioningLog, lambda: ProvisioningLog.objects.first_id_since(moment))
    rows = ProvisioningLog.objects.before(moment).order_by("pk").values_list("pk", flat=True)
    deleted += prune(
        lambda: list(rows[:ROWS_AT_ONCE]),
        lambda keys: ProvisioningLog.objects.filter(pk__any_of=keys).delete()[0],
    )
    _record(Event.RECORDS_LOG_PRUNED, deleted, older_than, actor)
    return deleted


def old_requests(older_than: timedelta) -> int:
    """How many older rows of the provisioning log still have the request."""
    return _with_request(older_than).count()


def erase_old_requests(older_than: timedelta, *, actor: Actor) -> int:
    """Take the request from older rows of the provisioning log; the rows stay. How many."""
    policy.require(Action.PRUNE_RECORDS, actor=actor)
    keys = _with_request(older_than).order_by("pk").values_list("pk", flat=True)
    erased = prune(
        lambda: list(keys[:ROWS_AT_ONCE]),
        lambda found: ProvisioningLog.objects.filter(pk__any_of=found).update(asked=""),
    )
    _record(Event.RECORDS_REQUESTS_ERASED, erased, older_than, actor)
    return erased


def _with_request(older_than: timedelta) -> QuerySet[ProvisioningLog]:
    rows: QuerySet[ProvisioningLog] = ProvisioningLog.objects.before(timezone.now() - older_than)
    return rows.exclude(asked="")


def old_bulk_runs(older_than: timedelta) -> int:
    """How many bulk actions are older."""
    return BulkRun.objects.filter(created_at__lt=timezone.now() - older_than).count()


def prune_bulk_runs(older_than: timedelta, *, actor: Actor) -> int:
    """Delete older bulk actions with their results; how many."""
    policy.require(Action.PRUNE_RECORDS, actor=actor)
    keys = (
        BulkRun.objects.filter(created_at__lt=timezone.now() - older_than).order_by("pk").values_list("pk", flat=True)
    )

    def delete(found: list[int]) -> int:
        BulkRun.objects.filter(pk__any_of=found).delete()
        return len(found)

    deleted = prune(lambda: list(keys[:1]), delete)
    _record(Event.RECORDS_BULK_RUNS_PRUNED, deleted, older_than, actor)
    return deleted


def erase_old_personal_values(older_than: timedelta, *, actor: Actor) -> int:
    """Erase the personal values and addresses of older audit events; the events stay. How many."""
    policy.require(Action.PRUNE_RECORDS, actor=actor)
    erased = drop_before(connection, AuditPersonalData, lambda: _first_event_since(older_than))
    end = _first_event_since(older_than)
    erased += sum(_erase_before(end, model) for model in ERASABLE)
    _record(Event.RECORDS_PERSONAL_VALUES_ERASED, erased, older_than, actor)
    return erased


def _erase_before(end: int, model: type[AuditPersonalData] | type[AuditOrigin]) -> int:
    keys = model._default_manager.filter(pk__lt=end).order_by("pk").values_list("pk", flat=True)
    return prune(
        lambda: list(keys[:ROWS_AT_ONCE]),
        lambda found: model._default_manager.filter(pk__gte=found[0], pk__lte=found[-1]).delete()[0],
    )


def _first_event_since(older_than: timedelta) -> int:
    return AuditEvent.objects.first_id_since(timezone.now() - older_than)


def _record(action: Event, number: int, older_than: timedelta, actor: Actor) -> None:
    if number:
        audit.record(action, actor=actor, details={"rows": number, "older_than_days": older_than.days})


# --- how long each is kept ---


class Source(StrEnum):
    """Where the number of days comes from."""

    ENVIRONMENT = "environment"
    CHOSEN = "chosen"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of record that can be deleted: words, its environment variable, how old ones are counted and deleted."""

    name: str
    title: str
    deed: str
    words: str
    rows: str
    variable: str
    count: Callable[[timedelta], int]
    prune: Callable[..., int]
    default: int = 0  # days; 0: for good


RECORDS = (
    Record(
        "provisioning_log",
        "Provisioning log",
        "Deletes rows of the provisioning log",
        "rows of the provisioning log",
        "rows",
        "PROVISIONING_LOG_DAYS",
        old_log_rows,
        prune_provisioning_log,
    ),
    Record(
        "requests",
        "Requests in the provisioning log",
        "Erases what was sent in rows of the provisioning log",
        "requests in the provisioning log",
        "requests",
        "PROVISIONING_REQUEST_DAYS",
        old_requests,
        erase_old_requests,
        default=REQUEST_DAYS,
    ),
    Record(
        "bulk_actions",
        "Bulk actions",
        "Deletes bulk actions with their results",
        "bulk actions",
        "bulk actions",
        "PROVISIONING_LOG_DAYS",
        old_bulk_runs,
        prune_bulk_runs,
    ),
    Record(
        "personal_values",
        "Personal values of audit events",
        "Erases names, usernames, emails and addresses from audit events",
        "audit events' personal values",
        "values",
        "AUDIT_PERSONAL_DATA_DAYS",
        old_personal_values,
        erase_old_personal_values,
    ),
)

BY_NAME = {record.name: record for record in RECORDS}


@dataclass(frozen=True, slots=True)
class Period:
    """How long a kind of record is kept now; 0 days: forever. `chosen`: an owner's choice, in force or not."""

    record: Record
    days: int
    source: Source
    chosen: int | None

    @property
    def age(self) -> timedelta:
        return timedelta(days=self.days)

    @property
    def in_words(self) -> str:
        if not self.days:
            return "for good"
        return f"{self.days:,} day{'' if self.days == 1 else 's'}"

    def number_older(self) -> int:
        """How many the next run deletes."""
        return self.record.count(self.age) if self.days else 0


def periods() -> list[Period]:
    """How long each kind of record is kept."""
    chosen = dict(RetentionPeriod.objects.values_list("record", "days"))
    return [_period(record, chosen.get(record.name)) for record in RECORDS]


def period_of(name: str) -> Period:
    row = RetentionPeriod.objects.filter(record=name).values_list("days", flat=True).first()
    return _period(BY_NAME[name], row)


def _period(record: Record, chosen: int | None) -> Period:
    said: int | None = getattr(settings, record.variable)
    if said is not None:
        return Period(record, said, Source.ENVIRONMENT, chosen)
    if chosen is not None:
        return Period(record, chosen, Source.CHOSEN, chosen)
    return Period(record, record.default, Source.DEFAULT, None)


@transaction.atomic
def choose(days: Mapping[str, int], *, actor: Actor) -> list[Period]:
    """Set how long records are kept, by name; others keep their period. 0: forever.

    Raises Refused where the environment says it.
    """
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    lock(AccessSettings, 1)  # one choice after the other
    before = {period.record.name: period for period in periods()}
    changes = {}
    for name, number in days.items():
        period = before[name]
        if not 0 <= number <= MOST_DAYS:
            raise InvalidValue(name, f"is 1 to {MOST_DAYS:,} days, or 0 for good")
        if number == period.days:
            continue
        if period.source is Source.ENVIRONMENT:
            variable = period.record.variable
            raise Refused(f"{variable} in the environment says how long: change it there.", code="set_by_environment")
        RetentionPeriod.objects.update_or_create(record=name, defaults={"days": number})
        changes[name] = audit.change(period.days, number)
    if changes:
        audit.record(Event.RECORDS_RETENTION_CHOSEN, actor=actor, details=changes)
    return periods()


def let_go_of_old(record: Record, *, actor: Actor) -> int:
    """Delete what is older than its period; how many."""
    period = period_of(record.name)
    return record.prune(period.age, actor=actor) if period.days else 0
