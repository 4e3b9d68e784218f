"""`manage.py dismiss_conflict`: dismiss it until the data changes (R7)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import conflicts
from portal.management.answers import Answer
from portal.management.named_rows import find_conflict
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import conflict_facts


class Command(ChangingCommand):
    help = "Puts a conflict away. It opens again when the identity provider sends other data of the person."
    examples = "manage.py list_conflicts\nmanage.py dismiss_conflict 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_conflicts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        conflict = conflicts.dismiss_conflict(find_conflict(options["id"]), actor=operator)
        return Answer(conflict_facts(conflict), f"Dismissed the conflict about {conflict.user_name}.")
