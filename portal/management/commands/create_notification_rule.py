"""`manage.py create_notification_rule`: tell more people of alarms, or by another way."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import notification_rules
from identity.services.notification_rules import RuleSaid
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import rule_facts
from portal.management.rule_options import add_rule_options, rule_said


class Command(ChangingCommand):
    help = "Adds a rule that says who is told of which alarms, by mail or webhook, at once or once a day."
    examples = (
        "manage.py create_notification_rule 'On call' --kind silent --kind brake --address oncall@example.com\n"
        "manage.py create_notification_rule Chat --webhook Chat"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")
        add_rule_options(parser)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        said = RuleSaid(label=options["label"], **rule_said(options))
        rule = notification_rules.create_rule(said, actor=operator)
        return Answer(rule_facts(rule), f"Added the rule {rule}.")
