"""What the portal does by itself when it is due: the last run of each job, the next, and what failed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.decorators import display

from identity.core.decisions import Action
from identity.db.counting import so_many
from identity.models import ScheduledJob, ScheduledRun
from identity.services import schedule
from identity.services.schedule import Job
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import badge, moment
from portal.schedule.jobs import BY_NAME

RUNS_SHOWN = 20

State = ScheduledJob.State
COLOURS = {State.RUNNING: "blue", State.OVERDUE: "amber", State.FAILED: "red", State.SUCCEEDED: "green"}


class RunNow(ActionPage):
    """Make it due now: a process that serves or works does it within half a minute."""

    name = "run"
    label = "Run now"
    action = Action.RUN_JOBS
    icon = "play_arrow"

    def get_explanation(self) -> str:
        job = job_of(self.obj)
        return f"{job.description} It begins within half a minute, and is due again at its usual time afterwards."

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"Run “{job_of(self.obj).title}” now?"
        return super().get_context_data(**{"title": title, "leads_to": job_of(self.obj).title, **kwargs})

    def run(self, form: Form) -> str:
        row = schedule.ask_for_run(self.obj.name, actor=person_of(self.request))
        return "It is running already." if row.is_running else "It begins within half a minute."


@admin.register(ScheduledJob)
class ScheduledJobAdmin(PortalModelAdmin):
    """Each job once, whatever the number of hosts."""

    seen_by = Action.VIEW_LOGS
    pages = (RunNow,)
    list_display = ("job", "shown_state", "rhythm", "last", "number", "next")
    list_display_links = ("job",)
    sortable_by = ()
    list_filter: ClassVar = ()
    change_list_template = "admin/identity/scheduledjob/list.html"
    detail_template = "admin/identity/scheduledjob/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledJob]:
        rows: QuerySet[ScheduledJob] = super().get_queryset(request).filter(name__in=BY_NAME)
        return rows.select_related("last_run")

    @display(description="Job")
    def job(self, row: ScheduledJob) -> str:
        return job_of(row).title

    @display(description="State")
    def shown_state(self, row: ScheduledJob) -> str:
        return state_badge(row)

    @display(description="Runs")
    def rhythm(self, row: ScheduledJob) -> str:
        return capfirst(job_of(row).rhythm)

    @display(description="Last run (UTC)")
    def last(self, row: ScheduledJob) -> str:
        return moment(row.last_run.started_at if row.last_run else None)

    @display(description="It did")
    def number(self, row: ScheduledJob) -> str:
        return what_it_did(row.last_run, job_of(row))

    @display(description="Next run (UTC)")
    def next(self, row: ScheduledJob) -> str:
        return "Now" if row.is_running else moment(row.due_at)

    def get_detail(self, request: HttpRequest, obj: ScheduledJob) -> dict[str, Any]:
        job = job_of(obj)
        runs = obj.runs.all()[:RUNS_SHOWN]
        return {
            "title": job.title,
            "job": job,
            "state": state_badge(obj),
            "is_failing": obj.state == State.FAILED,
            "is_overdue": obj.state == State.OVERDUE,
            "runs": [(run, RUN_COLOURS[ScheduledRun.Outcome(run.outcome)], what_it_did(run, job)) for run in runs],
        }


RUN_COLOURS = {
    ScheduledRun.Outcome.RUNNING: "blue",
    ScheduledRun.Outcome.FAILED: "red",
    ScheduledRun.Outcome.SUCCEEDED: "green",
}


def job_of(row: ScheduledJob) -> Job:
    return BY_NAME[row.name]


def state_badge(row: ScheduledJob) -> str:
    return badge(row.state.label, COLOURS.get(row.state, ""))


def what_it_did(run: ScheduledRun | None, job: Job) -> str:
    """The number of rows that a run was about."""
    return "–" if run is None or run.number is None else so_many(run.number, job.rows)
