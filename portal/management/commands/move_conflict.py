"""`manage.py move_conflict`: let the account leave its other identity provider (R7)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import conflicts
from portal.management.answers import Answer
from portal.management.named_rows import find_conflict
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import conflict_facts


class Command(ChangingCommand):
    help = (
        "Lets an account leave the identity provider that manages it, and approves the link to the one that sends the "
        "person now: its next try succeeds."
    )
    examples = "manage.py list_conflicts\nmanage.py move_conflict 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_conflicts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        conflict = conflicts.move_conflict(find_conflict(options["id"]), actor=operator)
        sentence = f"{conflict.user} is free and will be linked to {conflict.user_name} when it is sent again."
        return Answer(conflict_facts(conflict), sentence)
