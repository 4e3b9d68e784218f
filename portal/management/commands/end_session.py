"""`manage.py end_session`: sign a user out of one browser."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.core.errors import NotFound
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts
from portal.session.sessions import end_session


class Command(ChangingCommand):
    help = "Signs a user out of one browser, at its next request. They may sign in again."
    examples = "manage.py end_session grace 81"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("id", type=int, help="as list_sessions shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        if not end_session(user, options["id"], actor=operator):
            raise NotFound(f"{user.username} has no session {options['id']}: list_sessions shows those there are.")
        return Answer(user_facts(user), f"{user.username} is signed out of that browser.")
