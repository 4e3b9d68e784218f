"""How long records are kept.

The provisioning log is for troubleshooting: old rows can go. Audit events are append-only and stay
(SR-41); only their personal values can go, which are stored apart for this reason (R10).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.events import Event
from identity.models import AuditEvent, AuditOrigin, AuditPersonalData, BulkRun, ProvisioningLog

if TYPE_CHECKING:
    from identity.core.actors import Actor

ROWS_AT_ONCE = 5_000  # one transaction each: writers never wait for long
ERASABLE = (AuditPersonalData, AuditOrigin)


def old_log_rows(older_than: timedelta) -> int:
    """How many rows of the provisioning log are older."""
    return ProvisioningLog.objects.before(timezone.now() - older_than).count()


def old_personal_values(older_than: timedelta) -> int:
    """How many older audit events still have personal values or an address."""
    end = _first_event_since(older_than)
    return sum(model._default_manager.filter(pk__lt=end).count() for model in ERASABLE)


def prune_provisioning_log(older_than: timedelta, *, actor: Actor) -> int:
    """Delete older rows of the provisioning log; how many."""
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    end = ProvisioningLog.objects.first_id_since(timezone.now() - older_than)
    rows = ProvisioningLog.objects.filter(pk__lt=end).order_by("pk").values_list("pk", flat=True)
    deleted = _in_chunks(
        lambda: list(rows[:ROWS_AT_ONCE]),
        lambda keys: ProvisioningLog.objects.filter(pk__any_of=keys).delete()[0],
    )
    _record(Event.RECORDS_LOG_PRUNED, deleted, older_than, actor)
    return deleted


def old_bulk_runs(older_than: timedelta) -> int:
    """How many bulk actions are older."""
    return BulkRun.objects.filter(created_at__lt=timezone.now() - older_than).count()


def prune_bulk_runs(older_than: timedelta, *, actor: Actor) -> int:
    """Delete older bulk actions with their results; how many."""
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    keys = (
        BulkRun.objects.filter(created_at__lt=timezone.now() - older_than).order_by("pk").values_list("pk", flat=True)
    )

    def delete(found: list[int]) -> int:
        BulkRun.objects.filter(pk__any_of=found).delete()
        return len(found)

    deleted = _in_chunks(lambda: list(keys[:1]), delete)
    _record(Event.RECORDS_BULK_RUNS_PRUNED, deleted, older_than, actor)
    return deleted


def erase_old_personal_values(older_than: timedelta, *, actor: Actor) -> int:
    """Erase the personal values and addresses of older audit events; the events stay. How many."""
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    end = _first_event_since(older_than)
    erased = sum(_erase_before(end, model) for model in ERASABLE)
    _record(Event.RECORDS_PERSONAL_VALUES_ERASED, erased, older_than, actor)
    return erased


def _erase_before(end: int, model: type[AuditPersonalData] | type[AuditOrigin]) -> int:
    keys = model._default_manager.filter(pk__lt=end).order_by("pk").values_list("pk", flat=True)
    return _in_chunks(
        lambda: list(keys[:ROWS_AT_ONCE]),
        lambda found: model._default_manager.filter(pk__gte=found[0], pk__lte=found[-1]).delete()[0],
    )


def _first_event_since(older_than: timedelta) -> int:
    return AuditEvent.objects.first_id_since(timezone.now() - older_than)


def _in_chunks(find: Callable[[], list[int]], delete: Callable[[list[int]], int]) -> int:
    """Delete until nothing is found, each chunk in its own transaction; how many rows went."""
    total = 0
    while True:
        with transaction.atomic():
            keys = find()
            total += delete(keys) if keys else 0
        if not keys:
            return total


def _record(action: Event, number: int, older_than: timedelta, actor: Actor) -> None:
    if number:
        audit.record(action, actor=actor, details={"rows": number, "older_than_days": older_than.days})
