"""`manage.py end_sessions`: sign a user out everywhere (SR-22)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import users
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = "Signs a user out everywhere at once; reset links stop working as well. They may sign in again."
    examples = "manage.py end_sessions grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        users.end_sessions(user, actor=operator)
        return Answer(user_facts(user), f"{user.username} is signed out everywhere.")
