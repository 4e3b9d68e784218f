"""Scheduled jobs, each run once by the process that claims it first.

A job's row is claimed under a lock that others skip, and held by a lease. Failed jobs, and those of a process that
died, are retried after a pause. Hosts' clocks may differ by less than the lease; running a job twice does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.actors import Actor, Schedule
from identity.core.decisions import Action
from identity.core.errors import GatehouseError
from identity.events import Event
from identity.models import ScheduledJob, ScheduledRun
from identity.services.background import LEASE, PAUSES

logger = logging.getLogger(__name__)

Outcome = ScheduledRun.Outcome

RUNS_KEPT = 50  # of each job
FORGOTTEN = timedelta(days=1)  # after which a job that no host knows any more loses its row
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIED = "The process that did it ended or stopped answering."


@dataclass(frozen=True, slots=True)
class Job:
    """What is run and how often: once in every period `every` since 1970 (UTC), at the offset `at`.

    `run` returns the number of rows it handled (`rows` in words). It may be interrupted at any point and started again.
    `first_after`: how long a new portal waits before the first run.
    """

    name: str
    title: str
    description: str
    every: timedelta
    run: Callable[[Schedule], int]
    rows: str
    at: timedelta = timedelta()
    first_after: timedelta = timedelta()

    def due_after(self, moment: datetime) -> datetime:
        """The first due time after `moment`."""
        past = (moment - EPOCH - self.at) // self.every
        return EPOCH + self.at + (past + 1) * self.every

    @property
    def rhythm(self) -> str:
        """How often, in words."""
        minutes = self.every // timedelta(minutes=1)
        if self.every == timedelta(days=1):
            return f"every day at {(EPOCH + self.at):%H:%M} UTC"
        return "every hour" if minutes == 60 else f"every {minutes} minutes"

    def due_at_first(self, now: datetime) -> datetime:
        return self.due_after(now + self.first_after) if self.first_after else now

    def pause(self, failures: int) -> timedelta:
        """How long to wait before the next try after this many failures."""
        return min(PAUSES[min(failures, len(PAUSES)) - 1], self.every)


@dataclass(frozen=True, slots=True)
class Held:
    """A job this process runs now, under a name unique to this claim."""

    job: Job
    holder: str
    job_id: int
    run_id: int


def prepare(jobs: Sequence[Job]) -> None:
    """Create a row for each job; delete the rows of jobs that no version knows any more."""
    now, names = timezone.now(), {job.name for job in jobs}
    known = set(ScheduledJob.objects.values_list("name", flat=True))
    missing = [ScheduledJob(name=job.name, due_at=job.due_at_first(now)) for job in jobs if job.name not in known]
    if missing:
        ScheduledJob.objects.bulk_create(missing, ignore_conflicts=True)
    if known - names:
        ScheduledJob.objects.exclude(name__in=names).filter(due_at__lt=now - FORGOTTEN).delete()


def next_due(jobs: Sequence[Job]) -> datetime | None:
    """When the first job is due or its lease ends; None without a row."""
    rows = ScheduledJob.objects.filter(name__in=[job.name for job in jobs]).values_list("due_at", "held_until")
    return min((until or due for due, until in rows), default=None)


def claim(jobs: Sequence[Job], holder: str, *, lease: timedelta = LEASE) -> Held | None:
    """Claim a due job that no other process runs. `holder` is unique to each claim."""
    by_name, now = {job.name: job for job in jobs}, timezone.now()
    rows = ScheduledJob.objects.filter(name__in=by_name, due_at__lte=now, held_until=None)
    if not rows.exists():  # asked without a lock, as nearly always
        return None
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True).order_by("due_at", "name").first()
        return _hold(row, by_name[row.name], holder, lease) if row else None


def claim_now(job: Job, holder: str, *, lease: timedelta = LEASE) -> Held | None:
    """Claim this job, due or not; None while another process runs it."""
    with transaction.atomic():
        row = ScheduledJob.objects.select_for_update(of=("self",)).get(name=job.name)
        return None if row.held_until else _hold(row, job, holder, lease)


def _hold(row: ScheduledJob, job: Job, holder: str, lease: timedelta) -> Held:
    run = ScheduledRun.objects.create(job=row, holder=holder)
    row.held_by, row.held_until, row.last_run = holder, timezone.now() + lease, run
    row.save(update_fields=["held_by", "held_until", "last_run"])
    return Held(job, holder, row.pk, run.pk)


@transaction.atomic
def ask_for_run(name: str, *, actor: Actor) -> ScheduledJob:
    """Make it due now, for the next process that looks."""
    policy.require(Action.RUN_JOBS, actor=actor)
    row = ScheduledJob.objects.select_for_update(of=("self",)).get(name=name)
    if not row.held_until:
        row.due_at = min(row.due_at, timezone.now())
        row.save(update_fields=["due_at"])
    audit.record(Event.SCHEDULED_JOB_RUN_ASKED, actor=actor, details={"name": name})
    return row


def renew(held: Held, lease: timedelta = LEASE) -> None:
    """Renew the lease."""
    _rows_of(held).update(held_until=timezone.now() + lease)


def give_up_dead(jobs: Sequence[Job]) -> int:
    """Mark the jobs of dead processes as failed; how many."""
    by_name, now = {job.name: job for job in jobs}, timezone.now()
    dead = ScheduledJob.objects.filter(name__in=by_name, held_until__lt=now)
    if not dead.exists():
        return 0
    with transaction.atomic():
        rows = list(dead.select_for_update(skip_locked=True))
        for row in rows:
            logger.error("Scheduled job %s: %s has died with it", row.name, row.held_by)
            _end(Held(by_name[row.name], row.held_by, row.pk, row.last_run_id or 0), Outcome.FAILED, error=DIED)
    return len(rows)


def perform(held: Held) -> bool:
    """Run it and record the result; whether it succeeded."""
    try:
        number = held.job.run(Schedule(held.job.title))
    except Exception as error:
        logger.exception("Scheduled job %s has failed", held.job.name)
        _end(held, Outcome.FAILED, error=_in_words(error))
        return False
    _end(held, Outcome.SUCCEEDED, number=number)
    return True


def _in_words(error: Exception) -> str:
    """The portal's own errors are shown in full; those of libraries may contain values, so only their type is."""
    said = error.sentence if isinstance(error, GatehouseError) else f"{type(error).__name__}: see the server's log."
    return said[:500]


@transaction.atomic
def _end(held: Held, outcome: Outcome, *, number: int | None = None, error: str = "") -> None:
    row = _rows_of(held).select_for_update().first()
    if row is None:
        logger.warning("Scheduled job %s was taken from this process meanwhile", held.job.name)
        return
    now = timezone.now()
    ScheduledRun.objects.filter(pk=held.run_id).update(finished_at=now, outcome=outcome, number=number, error=error)
    row.failures = row.failures + 1 if outcome is Outcome.FAILED else 0
    row.due_at = now + held.job.pause(row.failures) if row.failures else held.job.due_after(now)
    row.held_by, row.held_until = "", None
    row.save(update_fields=["failures", "due_at", "held_by", "held_until"])
    oldest = row.runs.order_by("-pk").values_list("pk", flat=True)[RUNS_KEPT - 1 : RUNS_KEPT].first()
    if oldest is not None:
        row.runs.filter(pk__lt=oldest).delete()


def _rows_of(held: Held) -> models.QuerySet[ScheduledJob]:
    return ScheduledJob.objects.filter(pk=held.job_id, held_by=held.holder)
