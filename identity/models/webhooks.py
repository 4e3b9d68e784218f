"""Where audit events are sent as they happen, and what became of each."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from identity.db.defaults import EMPTY_LIST
from identity.events import Event
from identity.models.trail import AuditEvent


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def with_work(self, now: datetime) -> WebhookQuerySet:
        """Those with events to send that no process sends at the moment."""
        newest = AuditEvent.objects.order_by("-pk").values("pk")[:1]
        due = WebhookDelivery.objects.waiting().filter(webhook=OuterRef("pk"), due_at__lte=now)
        free = self.filter(Q(held_until=None) | Q(held_until__lt=now), Q(quiet_until=None) | Q(quiet_until__lte=now))
        behind = Q(after_event__lt=Coalesce(Subquery(newest), 0))
        return free.filter(behind | Exists(due), is_enabled=True)


class Webhook(models.Model):
    """A receiver of events. The audit log is the outbox: `after_event` and `after_move` say how far it was read.

    `events`: names and families of events; empty for all. `secret` and `former_secret` are encrypted
    (`identity.core.encryption`); the former one signs as well until `former_until`. `quiet_until`: nothing is sent
    to a receiver that failed a moment ago. The row is the lease of who sends: `held_by`, `held_until`.
    """

    class Disabled(models.TextChoices):
        """Why nothing is sent."""

        BY_PERSON = "person", "Switched off"
        GONE = "gone", "The receiver answered that it is gone (410)"
        FAILING = "failing", "It failed for five days"

    class State(models.TextChoices):
        DELIVERING = "delivering", "Delivering"
        FAILING = "failing", "Failing"
        DISABLED = "disabled", "Off"

    label = models.CharField(max_length=100)
    label_key = models.CharField(max_length=255, unique=True, editable=False)
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list, db_default=EMPTY_LIST)
    secret = models.TextField(editable=False)
    former_secret = models.TextField(blank=True, default="", db_default="", editable=False)
    former_until = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True, db_default=True)
    disabled_because = models.CharField(max_length=10, choices=Disabled, blank=True, default="", db_default="")
    after_event = models.BigIntegerField(default=0, db_default=0)
    after_move = models.BigIntegerField(default=0, db_default=0)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)  # one after the other
    quiet_until = models.DateTimeField(null=True)
    held_by = models.CharField(max_length=100, blank=True, default="", db_default="")
    held_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ("label_key",)

    def __str__(self) -> str:
        return self.label

    @property
    def state(self) -> State:
        if not self.is_enabled:
            return Webhook.State.DISABLED
        return Webhook.State.FAILING if self.failing_since else Webhook.State.DELIVERING

    @property
    def host(self) -> str:
        """What lists and events may show: the rest of an address is often a secret."""
        return urlsplit(self.url).netloc

    @property
    def has_former_secret(self) -> bool:
        return bool(self.former_secret) and self.former_until is not None and self.former_until > timezone.now()

    def wants(self, event: AuditEvent) -> bool:
        """Whether the event was chosen; a test is for the one that is tested."""
        if event.action == Event.WEBHOOK_TESTED:
            return bool(event.details.get("webhook") == self.pk)
        return not self.events or event.action in self.events or event.action.partition(".")[0] in self.events


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def waiting(self) -> WebhookDeliveryQuerySet:
        return self.filter(state=WebhookDelivery.State.WAITING)


class WebhookDelivery(models.Model):
    """An event on its way to a receiver. What is sent is made when it is sent: no copy of an event is kept (R10).

    `move_id`: which of the moves that follow the event, 0 for the event itself. `answer`: the last HTTP status.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    class Problem(models.TextChoices):
        """What kept the last attempt from being a delivery."""

        STATUS = "status", "Another answer than 2xx"
        TIMEOUT = "timeout", "No answer in time"
        UNREACHABLE = "unreachable", "Can't be reached"
        TLS = "tls", "Its certificate is not accepted"
        NOT_PUBLIC = "not_public", "Not at a public address"
        KEY = "key", "Its secret can't be read: SECRET_KEY has changed"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event_id = models.BigIntegerField()
    move_id = models.BigIntegerField(default=0, db_default=0)
    uid = models.CharField(max_length=60)
    kind = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_default=State.WAITING.value)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(default=timezone.now, db_default=Now())
    tried_at = models.DateTimeField(null=True)
    answer = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=12, choices=Problem, blank=True, default="", db_default="")
    duration_ms = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "event_id", "move_id"], name="webhook_delivery_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["webhook", "due_at"], name="webhook_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["webhook", "id"], name="webhook_delivery_by_webhook"),
            models.Index(fields=["state", "id"], name="webhook_delivery_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.uid})"

    @property
    def what_happened(self) -> str:
        """The last attempt in words."""
        if self.problem == WebhookDelivery.Problem.STATUS:
            return f"Answered {self.answer}"
        return self.get_problem_display() if self.problem else f"Answered {self.answer}" if self.answer else ""
