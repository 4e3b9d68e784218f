"""`manage.py delete_notification_rule`: delete a rule."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import notification_rules
from portal.management.answers import Answer
from portal.management.named_rows import find_rule
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import rule_facts


class Command(DestroyingCommand):
    help = (
        "Deletes a notification rule with the record of its notices; one that the portal comes with can be switched "
        "off instead. A dry run unless --yes is given."
    )
    examples = "manage.py delete_notification_rule 4 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", type=int, metavar="ID", help="as list_notification_rules shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        rule = find_rule(options["rule"])
        facts = rule_facts(rule)
        notification_rules.delete_rule(rule, actor=operator)
        return Answer(facts, f"Deleted the rule {facts['label']}.")
