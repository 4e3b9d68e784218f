"""`manage.py set_break_glass`: which owners can sign in when single sign-on fails (R22)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import users
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts

FLAGS = {"on": True, "off": False}


class Command(ChangingCommand):
    help = (
        "Makes a local owner a break-glass account, or an ordinary one again. A break-glass account signs in with "
        "its password also while single sign-on is enforced, and no identity provider can touch it."
    )
    examples = "manage.py set_break_glass ada on"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("flag", choices=FLAGS)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = users.set_break_glass(find_user(options["username"]), FLAGS[options["flag"]], actor=operator)
        word = "is" if user.is_break_glass else "is not"
        return Answer(user_facts(user), f"{user.username} {word} a break-glass account.")
