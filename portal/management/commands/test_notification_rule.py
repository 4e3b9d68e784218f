"""`manage.py test_notification_rule`: tell its recipients that this is a test."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import notification_rules
from portal.management.answers import Answer
from portal.management.named_rows import find_rule
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import rule_facts


class Command(ChangingCommand):
    help = "Tells the recipients of a rule, at once, that this is a test; list_alarms shows whether it was sent."
    examples = "manage.py test_notification_rule 1"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", type=int, metavar="ID", help="as list_notification_rules shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        rule = find_rule(options["rule"])
        notification_rules.test_rule(rule, actor=operator)
        return Answer(rule_facts(rule), f"A test of {rule} is on its way.")
