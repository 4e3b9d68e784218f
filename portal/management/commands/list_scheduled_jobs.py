"""`manage.py list_scheduled_jobs`: scheduled jobs, when they run, and their results."""

from collections.abc import Iterable
from typing import Any

from identity.models import ScheduledJob
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.schedule.jobs import JOBS


class Command(ListCommand):
    help = (
        "Lists the work that the portal does by itself when it is due: how often, when it ran last and what came of "
        "it, and when it is due next. It is done once across all hosts: by the workers (`manage.py run_worker`), with "
        "TASKS=immediate by the server itself."
    )
    examples = "manage.py list_scheduled_jobs\nmanage.py list_scheduled_jobs --json | jq '.[] | select(.failures > 0)'"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        known = {row.name: row for row in ScheduledJob.objects.select_related("last_run")}
        for job in JOBS:
            row = known.get(job.name)
            yield {"job": job.name, "runs": job.rhythm, **job_facts(row)}


def job_facts(row: ScheduledJob | None) -> Facts:
    """Of one that no process has looked at yet, all is empty."""
    run = row.last_run if row else None
    return {
        "state": (row.state if row else ScheduledJob.State.NEW).value,
        "last_run": run.started_at if run else None,
        "number": run.number if run else None,
        "failures": row.failures if row else 0,
        "error": run.error if run else "",
        "next_run": row.due_at if row else None,
    }
