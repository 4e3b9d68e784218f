"""What people are told of, by which rules, and what became of each notice (R30)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from identity.core.alarm_kinds import AlarmKind
from identity.db.defaults import EMPTY_LIST


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def standing(self) -> AlarmQuerySet:
        """Those that last and are not resolved."""
        return self.filter(resolved_at=None, lasts=True)


class Alarm(models.Model):
    """One matter, raised once and resolved once. `subject` tells it from others of its kind.

    It names no person: `user_id` is a plain id, put into a name when it is shown (R10). `raised_in` and `resolved_in`
    are the audit events that tell webhooks of it.
    """

    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=60)
    label = models.CharField(max_length=200, blank=True, default="", db_default="")
    number = models.PositiveIntegerField(default=1, db_default=1)
    user_id = models.BigIntegerField(null=True)
    lasts = models.BooleanField(db_default=False, default=False)
    raised_at = models.DateTimeField(default=timezone.now, db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    raised_in = models.BigIntegerField(null=True)
    resolved_in = models.BigIntegerField(null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(resolved_at=None), name="alarm_raised_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["raised_at"], name="alarm_by_raised"),
            models.Index(fields=["resolved_at"], name="alarm_by_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.told_kind.told.title} ({self.subject})"

    @property
    def told_kind(self) -> AlarmKind:
        return AlarmKind(self.kind)

    def in_words(self, *, resolved: bool = False, name: str = "") -> str:
        """The sentence; `name` of the person whom it is about."""
        words = {"label": name or self.label, "number": self.number}
        return self.told_kind.resolved(**words) if resolved else self.told_kind.raised(**words)


class NotificationRule(models.Model):
    """Who is told of which kinds of alarm, how and when.

    `kinds`: none means all. `code` names a rule that the portal comes with. `quiet_from` and `quiet_until` are hours
    (UTC) between which nothing is sent; a daily digest is sent from `digest_hour` on. `told_at`: of the last digest.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    class Timing(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "Once a day"

    code = models.CharField(max_length=40, null=True, unique=True, editable=False)
    label = models.CharField(max_length=100)
    kinds = models.JSONField(default=list, db_default=EMPTY_LIST)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL.value)
    roles = models.JSONField(default=list, db_default=EMPTY_LIST)
    addresses = models.JSONField(default=list, db_default=EMPTY_LIST)
    webhook = models.ForeignKey("identity.Webhook", null=True, on_delete=models.CASCADE, related_name="rules")
    timing = models.CharField(max_length=8, choices=Timing, default=Timing.AT_ONCE, db_default=Timing.AT_ONCE.value)
    digest_hour = models.PositiveSmallIntegerField(default=7, db_default=7)
    quiet_from = models.PositiveSmallIntegerField(null=True)
    quiet_until = models.PositiveSmallIntegerField(null=True)
    is_enabled = models.BooleanField(default=True, db_default=True)
    told_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = "notification rule"
        ordering = ("id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(channel="mail", webhook=None) | Q(channel="webhook", webhook__isnull=False),
                name="notification_rule_has_channel",
            )
        ]

    def __str__(self) -> str:
        return self.label

    def is_about(self, alarm: Alarm) -> bool:
        if alarm.kind == AlarmKind.TEST:
            return alarm.subject.startswith(f"rule:{self.pk}:")
        return alarm.kind in self.kinds if self.kinds else True

    def may_tell(self, now: datetime) -> bool:
        """Whether this is a moment to tell something."""
        if self.timing == NotificationRule.Timing.DAILY:
            due = now.replace(hour=self.digest_hour, minute=0, second=0, microsecond=0)
            return now >= due and (self.told_at is None or self.told_at < due)
        if self.quiet_from is None or self.quiet_until is None or self.quiet_from == self.quiet_until:
            return True
        if self.quiet_from < self.quiet_until:
            return not self.quiet_from <= now.hour < self.quiet_until
        return self.quiet_until <= now.hour < self.quiet_from


class AlarmNotice(models.Model):
    """One alarm, or its end, told to one recipient by one rule: once.

    `recipient`: `user:4711`, `webhook:3` or an address; a row about a person goes with them (R10).
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="notices", db_index=False)
    rule = models.ForeignKey(NotificationRule, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey("identity.User", null=True, on_delete=models.CASCADE, related_name="+")
    recipient = models.CharField(max_length=262)
    resolves = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_default=State.WAITING.value)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "notice"
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alarm", "rule", "recipient", "resolves"], name="alarm_notice_once")
        ]

    def __str__(self) -> str:
        return f"alarm {self.alarm_id} by rule {self.rule_id}"


class NotificationOptOut(models.Model):
    """A person who does not want to be told of a kind of alarm by mail."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="opt_outs", db_index=False)
    kind = models.CharField(max_length=20)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "kind"], name="opt_out_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class EventReader(models.Model):
    """How far a reader of the audit log has come."""

    name = models.CharField(max_length=40, unique=True)
    after = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.name
