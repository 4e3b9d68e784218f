"""Deliveries of webhooks: who sends, what is due, and what came of it.

A webhook's row is claimed under a lock that others skip, and held by a lease, so that two hosts send nothing twice;
what a host that died was sending is sent again, under the same id.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from identity.core.actors import Actor
from identity.core.encryption import unseal
from identity.db.pruning import ROWS_AT_ONCE, prune
from identity.models import Webhook, WebhookDelivery
from identity.services import webhooks

State = WebhookDelivery.State
Problem = WebhookDelivery.Problem

LEASE = timedelta(seconds=60)
MOST_WAITING = 1_000  # of one webhook; what comes later stays in the audit log meanwhile
AT_ONCE = 20
KEPT = timedelta(days=30)

# When an attempt that failed is made again, after its 1st, 2nd, … failure: Standard Webhooks' schedule, three days.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
GIVEN_UP_AFTER = timedelta(days=5)  # of failures without a success: the webhook is switched off
GONE = 410
# How long nothing at all is sent to a receiver that fails: twice as long each time.
QUIET, LONGEST_QUIET = timedelta(seconds=5), timedelta(minutes=5)
LONGEST_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """An event that a webhook is to be sent, and where it stands in the log."""

    event_id: int
    move_id: int
    uid: str
    kind: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one. `answer`: the HTTP status, if there was one; `retry_after` in seconds."""

    delivery: WebhookDelivery
    answer: int | None
    problem: str = ""
    duration_ms: int = 0
    retry_after: int = 0

    @property
    def is_delivered(self) -> bool:
        return not self.problem


def claim(holder: str, *, lease: timedelta = LEASE) -> Webhook | None:
    """A webhook with work that no other process sends, held under a name unique to this claim."""
    now = timezone.now()
    rows = Webhook.objects.with_work(now)
    if not rows.exists():  # asked without a lock, as nearly always
        return None
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("pk").first()
        if row is not None:
            row.held_by, row.held_until = holder, now + lease
            row.save(update_fields=["held_by", "held_until"])
        return row


def release(webhook: Webhook) -> None:
    _held(webhook).update(held_by="", held_until=None)


@transaction.atomic
def plan(webhook: Webhook, planned: Sequence[Planned], *, after: tuple[int, int]) -> bool:
    """Deliveries for these, and the position moves on with them; False if another process holds the webhook by now."""
    row = _held(webhook).select_for_update(no_key=True).first()
    if row is None:
        return False
    WebhookDelivery.objects.bulk_create(
        (
            WebhookDelivery(webhook=row, event_id=one.event_id, move_id=one.move_id, uid=one.uid, kind=one.kind)
            for one in planned
        ),
        ignore_conflicts=True,
    )
    row.after_event, row.after_move = after
    row.save(update_fields=["after_event", "after_move"])
    webhook.after_event, webhook.after_move = after
    return True


def has_room(webhook: Webhook) -> bool:
    return webhook.deliveries.waiting().count() < MOST_WAITING


def due(webhook: Webhook) -> list[WebhookDelivery]:
    """What is to be sent now, the longest due first."""
    rows = webhook.deliveries.waiting().filter(due_at__lte=timezone.now())
    return list(rows.order_by("due_at", "pk")[:AT_ONCE])


def keys_of(webhook: Webhook) -> list[str]:
    """The secrets that sign. Raises Refused for one that no known SECRET_KEY decrypts."""
    return [unseal(webhook.secret), *([unseal(webhook.former_secret)] if webhook.has_former_secret else [])]


@transaction.atomic
def note(webhook: Webhook, attempts: Sequence[Attempt], *, actor: Actor) -> bool:
    """What came of these attempts; whether this process still holds the webhook."""
    row = _held(webhook).select_for_update(no_key=True).first()
    if row is None:
        return False
    now = timezone.now()
    for attempt in attempts:
        _note_delivery(attempt, now)
        _note_webhook(row, attempt, now)
    row.save(update_fields=["failing_since", "failures", "quiet_until"])
    if any(attempt.answer == GONE for attempt in attempts):
        webhooks.disable_webhook(row, because=Webhook.Disabled.GONE, actor=actor)
    elif row.failing_since is not None and now - row.failing_since > GIVEN_UP_AFTER:
        webhooks.disable_webhook(row, because=Webhook.Disabled.FAILING, actor=actor)
    return True


def _note_delivery(attempt: Attempt, now: datetime) -> None:
    row = attempt.delivery
    row.attempts += 1
    row.tried_at, row.answer, row.problem, row.duration_ms = now, attempt.answer, attempt.problem, attempt.duration_ms
    if attempt.is_delivered:
        row.state = State.DELIVERED
    elif row.attempts > len(PAUSES) or attempt.answer == GONE:
        row.state = State.FAILED
    else:
        row.due_at = now + PAUSES[row.attempts - 1] * random.uniform(1, 1.2)  # noqa: S311
    row.save(update_fields=["attempts", "tried_at", "answer", "problem", "duration_ms", "state", "due_at"])


def _note_webhook(row: Webhook, attempt: Attempt, now: datetime) -> None:
    if attempt.is_delivered:
        row.failing_since, row.failures, row.quiet_until = None, 0, None
        return
    row.failing_since, row.failures = row.failing_since or now, row.failures + 1
    quiet = min(QUIET * 2 ** min(row.failures - 1, 10), LONGEST_QUIET)
    asked = min(timedelta(seconds=attempt.retry_after), LONGEST_RETRY_AFTER)
    row.quiet_until = now + max(quiet, asked)


def forget_old() -> int:
    """Delete deliveries that ended a month ago; how many."""
    old = WebhookDelivery.objects.exclude(state=State.WAITING).filter(created_at__lt=timezone.now() - KEPT)

    def delete(keys: list[int]) -> int:
        return WebhookDelivery.objects.filter(pk__in=keys).delete()[0]

    return prune(lambda: list(old.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]), delete)


def _held(webhook: Webhook) -> QuerySet[Webhook]:
    return Webhook.objects.filter(pk=webhook.pk, held_by=webhook.held_by)
