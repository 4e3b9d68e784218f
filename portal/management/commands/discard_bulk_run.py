"""`manage.py discard_bulk_run`: discard a draft."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import bulk_runs
from portal.management.answers import Answer
from portal.management.named_rows import find_bulk_run
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import run_facts


class Command(ChangingCommand):
    help = "Discards the draft of a bulk action: nothing of it was done. What has been started stays."
    examples = "manage.py discard_bulk_run 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_bulk_runs shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        run = find_bulk_run(options["id"])
        facts = run_facts(run)
        bulk_runs.discard_draft(run, actor=operator)
        return Answer(facts, "The draft was discarded.")
