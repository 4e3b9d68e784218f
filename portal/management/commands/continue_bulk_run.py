"""`manage.py continue_bulk_run`: do what is pending in a bulk action; also starts a draft."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import bulk_runs
from portal.management.answers import Answer
from portal.management.commands.create_bulk_run import AS_LONG_AS_IT_TAKES
from portal.management.named_rows import find_bulk_run
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import run_facts


class Command(DestroyingCommand):
    help = (
        "Starts the draft of a bulk action, or does what is still pending of one, in the name of an operator. Shows "
        "how it would end, unless --yes is given."
    )
    examples = "manage.py continue_bulk_run 12 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_bulk_runs shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        run = bulk_runs.start_run(find_bulk_run(options["id"]), actor=operator)
        bulk_runs.work_on(run, seconds=AS_LONG_AS_IT_TAKES, actor=operator)
        facts = run_facts(run)
        return Answer(facts, f"{run}: {facts['done']} done, {facts['refused']} refused.")
