"""`manage.py show_turned_away`: what was turned away of one person or group, and who would have moved."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.queries.turned_away import moving
from portal.management.answers import Answer
from portal.management.named_rows import find_turned_away
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import turned_away_facts


class Command(OperatorCommand):
    help = "Shows what was turned away of one person or group, and who would have joined or left it."
    examples = "manage.py show_turned_away 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_turned_away shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        row = find_turned_away(options["id"])
        return Answer.of(
            {
                **turned_away_facts(row),
                "joining_users": [user.username for user in moving(row, joins=True)],
                "leaving_users": [user.username for user in moving(row, joins=False)],
            }
        )
