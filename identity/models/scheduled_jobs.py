"""Scheduled work: when each job is due next, which process runs it now, and the results of its latest runs."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

LATE = timedelta(minutes=15)  # by then something is wrong: every process looks several times a minute


class ScheduledRun(models.Model):
    """One run of a job. `error` says what went wrong, without values: the server's log has the rest."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    job = models.ForeignKey("identity.ScheduledJob", on_delete=models.CASCADE, related_name="runs")
    holder = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now, db_default=Now())
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, choices=Outcome, default=Outcome.RUNNING, db_default=Outcome.RUNNING.value
    )
    number = models.PositiveBigIntegerField(null=True)  # of the rows that it was about
    error = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        verbose_name = "run"
        ordering: ClassVar = ("-id",)

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.started_at:%Y-%m-%d %H:%M} UTC"

    @property
    def took(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at else None


class ScheduledJobManager(models.Manager["ScheduledJob"]):
    def overdue(self) -> models.QuerySet[ScheduledJob]:
        """Jobs that are due and that no process runs."""
        return self.filter(models.Q(held_until=None, due_at__lt=timezone.now() - LATE) | _dead())

    def failing(self) -> models.QuerySet[ScheduledJob]:
        return self.filter(failures__gt=0)


def _dead() -> models.Q:
    """Held by a process that died long enough ago for others to have noticed."""
    return models.Q(held_until__lt=timezone.now() - LATE)


class ScheduledJob(models.Model):
    """The row is the lease: the process that runs the job renews `held_until`; after that, any process may take it."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        OVERDUE = "overdue", "Overdue"
        FAILED = "failed", "Failed"
        SUCCEEDED = "succeeded", "Succeeded"
        NEW = "new", "Not run yet"

    name = models.CharField(max_length=50, unique=True)
    due_at = models.DateTimeField()
    held_by = models.CharField(max_length=100, blank=True, default="", db_default="")
    held_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)  # one after the other, until it succeeds
    last_run = models.ForeignKey(ScheduledRun, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = ScheduledJobManager()

    class Meta:
        verbose_name = "scheduled job"
        ordering: ClassVar = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        """A process runs it and has renewed the lease."""
        return self.held_until is not None and self.held_until >= timezone.now()

    @property
    def is_overdue(self) -> bool:
        """The condition of `overdue`."""
        return (self.held_until or self.due_at) < timezone.now() - LATE

    @property
    def state(self) -> State:
        """The most important fact about it."""
        if self.is_running:
            return ScheduledJob.State.RUNNING
        if self.is_overdue:
            return ScheduledJob.State.OVERDUE
        if self.failures:
            return ScheduledJob.State.FAILED
        return ScheduledJob.State.SUCCEEDED if self.last_run_id else ScheduledJob.State.NEW
