"""`manage.py set_notifications`: what a person does not want to be told of."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import notification_rules
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.rule_options import KINDS


class Command(ChangingCommand):
    help = "Says which alarms a person is not told of by mail: these and no others."
    examples = "manage.py set_notifications grace --not conflict --not drift\nmanage.py set_notifications grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--not", action="append", default=[], dest="kinds", choices=KINDS, metavar="KIND")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        notification_rules.opt_out(user, options["kinds"])
        kinds = sorted(set(options["kinds"]))
        told = f"{user} is not told of {', '.join(kinds)}." if kinds else f"{user} is told of everything."
        return Answer({"username": user.username, "opted_out": kinds}, told)
