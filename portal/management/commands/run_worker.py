"""`manage.py run_worker`: processes queued tasks."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS, task_backends
from django_tasks_db import DatabaseBackend

from identity.core.actors import Operator
from identity.services.background import LEASE
from portal.management.operator_command import OperatorCommand
from portal.management.worker import PortalWorker


class Command(OperatorCommand):
    help = (
        "Does the work that the portal queues when it runs with TASKS=database, such as mails, and the work that is "
        "due at a time (`manage.py list_scheduled_jobs`), until it is told to stop (Ctrl+C, SIGTERM: it finishes the "
        "task at hand). Start as many as you like. When one dies, another does its task again after a minute; what "
        "fails is tried again after 1, 5 and 30 minutes, 2 and 12 hours."
    )
    examples = "TASKS=database manage.py run_worker\nTASKS=database manage.py run_worker --until-empty"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="do what waits now, then end")
        parser.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between looks (default: 1)")
        parser.add_argument(
            "--lease",
            type=float,
            default=LEASE.total_seconds(),
            metavar="SECONDS",
            help="after which a silent worker counts as dead; the same for all of them (default: 60)",
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if not isinstance(task_backends[DEFAULT_TASK_BACKEND_ALIAS], DatabaseBackend):
            raise CommandError("Nothing is queued: set TASKS=database, here and for the portal itself.")
        worker = PortalWorker(interval=options["interval"], lease=options["lease"])
        if options["until_empty"]:
            worker.work_off_everything()
            return
        worker.configure_signals()
        self.tell("Waiting for work …")
        worker.work()
