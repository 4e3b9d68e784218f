"""`manage.py run_scheduled_job`: do scheduled work now."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity import policy
from identity.core.actors import Operator
from identity.core.decisions import Action
from identity.db.counting import so_many
from identity.models import ScheduledJob
from portal.management.answers import Answer
from portal.management.operator_command import OperatorCommand
from portal.schedule.jobs import BY_NAME
from portal.schedule.loop import do_now


class Command(OperatorCommand):
    help = (
        "Does scheduled work now, in this process, and says what came of it; ends with 1 if it failed. Afterwards it "
        "is due again at its usual time. `manage.py list_scheduled_jobs` names the jobs."
    )
    examples = "manage.py run_scheduled_job sessions"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", choices=sorted(BY_NAME))

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        policy.require(Action.RUN_JOBS, actor=operator)
        job = BY_NAME[options["job"]]
        succeeded = do_now(job)
        run = ScheduledJob.objects.select_related("last_run").get(name=job.name).last_run
        if not succeeded or run is None:
            raise CommandError(f"{job.title}: failed. {run.error if run else ''}".strip())
        return Answer({"job": job.name, "number": run.number}, f"{job.title}: {so_many(run.number or 0, job.rows)}.")
