"""`manage.py edit_notification_rule`: change who is told of what, or switch a rule off."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import notification_rules
from identity.services.notification_rules import RuleSaid
from portal.management.answers import Answer
from portal.management.named_rows import find_rule
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import rule_facts
from portal.management.rule_options import add_rule_options, rule_said


class Command(ChangingCommand):
    help = "Changes a notification rule. What is left out stays; lists replace those that were."
    examples = "manage.py edit_notification_rule 1 --quiet 22-6\nmanage.py edit_notification_rule 3 --enabled off"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", type=int, metavar="ID", help="as list_notification_rules shows it")
        parser.add_argument("--label")
        add_rule_options(parser)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        rule = find_rule(options["rule"])
        label = {"label": options["label"]} if options["label"] else {}
        said = RuleSaid(**notification_rules.said_of(rule) | label | rule_said(options))
        rule = notification_rules.edit_rule(rule, said, actor=operator)
        return Answer(rule_facts(rule), f"Changed the rule {rule}.")
