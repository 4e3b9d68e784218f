"""`manage.py list_scheduled_runs`: the latest runs of a job, and their results."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import ScheduledRun
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.schedule.jobs import BY_NAME


class Command(ListCommand):
    help = "Lists the latest runs of scheduled work, newest first: what came of each, and which process did it."
    examples = "manage.py list_scheduled_runs provisioning_log"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", choices=sorted(BY_NAME))

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        for run in ScheduledRun.objects.filter(job__name=options["job"]):
            yield {
                "started": run.started_at,
                "finished": run.finished_at,
                "outcome": run.outcome,
                "number": run.number,
                "error": run.error,
                "done_by": run.holder,
            }
