"""`manage.py disable_webhook`: send it nothing until it is enabled."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_webhook
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import webhook_facts


class Command(ChangingCommand):
    help = "Switches a webhook off. Nothing is lost: events wait in the audit log until it is enabled."
    examples = "manage.py disable_webhook SIEM"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["label"])
        webhook = webhooks.disable_webhook(webhook, actor=operator)
        return Answer(webhook_facts(webhook), f"The webhook {webhook} is sent nothing more.")
