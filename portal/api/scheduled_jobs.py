"""What the portal does by itself when it is due, and how long old records are kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.periods import MOST_DAYS
from identity.models import AccessSettings, ScheduledJob, ScheduledRun
from identity.services import retention, schedule
from identity.services.retention import Source
from portal.api.fields import Said
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Resources, Singleton
from portal.schedule.jobs import BY_NAME


class RunAnswer(serializers.ModelSerializer):
    """A run of a job. `number`: of the rows that it was about; `error` says what went wrong."""

    class Meta:
        model = ScheduledRun
        fields = ("id", "started_at", "finished_at", "outcome", "number", "error", "holder")


class JobAnswer(serializers.ModelSerializer):
    """A job of the schedule. It is done once across all hosts."""

    title = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    seconds_between_runs = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=ScheduledJob.State.choices, read_only=True)
    failures = serializers.IntegerField(read_only=True, help_text="One after the other, until it succeeds.")
    due_at = serializers.DateTimeField(read_only=True, help_text="When it runs next.")
    last_run = RunAnswer(read_only=True, allow_null=True)

    class Meta:
        model = ScheduledJob
        fields = (
            "id",
            "name",
            "title",
            "description",
            "seconds_between_runs",
            "state",
            "failures",
            "due_at",
            "last_run",
        )

    def get_title(self, row: ScheduledJob) -> str:
        return BY_NAME[row.name].title

    def get_description(self, row: ScheduledJob) -> str:
        return BY_NAME[row.name].description

    def get_seconds_between_runs(self, row: ScheduledJob) -> int:
        return int(BY_NAME[row.name].every.total_seconds())


class ScheduledJobs(Resources):
    """Work that the portal does by itself when it is due."""

    tag = "Scheduled jobs"
    seen_by = Action.VIEW_LOGS
    queryset = ScheduledJob.objects.select_related("last_run")
    serializer_class = JobAnswer

    def get_queryset(self) -> QuerySet[ScheduledJob]:
        return super().get_queryset().filter(name__in=BY_NAME)

    @operation("list_scheduled_jobs", answer=JobAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List what the portal does by itself, when each ran last, and when it is due next."""
        return self.page()

    @operation("get_scheduled_job", answer=JobAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show one job."""
        return self.answer(self.get_object())

    @operation("run_scheduled_job", answer=JobAnswer)
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: int) -> Response:
        """Make a job due now. It begins within half a minute, in whichever process looks first."""
        row = self.get_object()
        schedule.ask_for_run(row.name, actor=self.actor)
        return self.answer_anew(row)


class ScheduledRuns(Resources):
    """The latest runs of a job."""

    tag = "Scheduled jobs"
    seen_by = Action.VIEW_LOGS
    queryset = ScheduledRun.objects.all()
    serializer_class = RunAnswer
    default_ordering = "-id"

    def get_queryset(self) -> QuerySet[ScheduledRun]:
        job = row_of(ScheduledJob, self.kwargs["job_id"])
        return super().get_queryset().filter(job=job)

    @operation("list_scheduled_runs", answer=RunAnswer, is_list=True)
    def list(self, request: Request, job_id: int) -> HttpResponseBase:
        """List the latest runs of a job, newest first."""
        return self.page()


# --- retention ---


class PeriodAnswer(serializers.Serializer):
    """How long a kind of record is kept."""

    days = serializers.IntegerField(help_text="0: for good.")
    said_by = serializers.ChoiceField(
        source="source",
        choices=[(source.value, source.value) for source in Source],
        help_text="The environment goes before what was chosen; by default all is kept for good, requests for 30 days.",
    )
    variable = serializers.CharField(source="record.variable", help_text="In the environment.")
    chosen = serializers.IntegerField(allow_null=True, help_text="What an owner chose, in force or not.")


class RetentionAnswer(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        return {record.name: PeriodAnswer(help_text=f"{record.title}.") for record in retention.RECORDS}


def _days(record: retention.Record) -> serializers.IntegerField:
    words = f"{record.deed} when they are older."
    return serializers.IntegerField(min_value=0, max_value=MOST_DAYS, required=False, help_text=words)


class RetentionSaid(Said):
    """Days; 0 keeps it for good. An omitted one stays."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {record.name: _days(record) for record in retention.RECORDS}


class Retention(Singleton):
    """How long old records are kept: a single resource, which owners change."""

    tag = "Retention"
    seen_by = Action.VIEW_ACCESS
    queryset = AccessSettings.objects.all()
    serializer_class = RetentionAnswer
    fresh: ClassVar[frozenset[str]] = frozenset({"partial_update"})

    def get_object(self) -> AccessSettings:
        return AccessSettings.objects.get()

    def represent(self, row: Any) -> dict[str, Any]:
        return dict(RetentionAnswer({period.record.name: period for period in retention.periods()}).data)

    @operation("get_retention", answer=RetentionAnswer)
    def retrieve(self, request: Request) -> Response:
        """Show how long old records are kept."""
        return self.answer(self.get_object())

    @operation("edit_retention", body=RetentionSaid, answer=RetentionAnswer)
    def partial_update(self, request: Request) -> Response:
        """Choose how long old records are kept. What is older goes by itself, every night."""
        retention.choose(self.said, actor=self.actor)
        return self.answer(self.get_object())
