"""`manage.py test_webhook`: send it an event that is for it alone."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_webhook
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import webhook_facts


class Command(ChangingCommand):
    help = (
        "Sends a webhook an event named webhook.tested, the way of all others; list_webhook_deliveries shows what was "
        "answered."
    )
    examples = "manage.py test_webhook SIEM"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["label"])
        event = webhooks.test_webhook(webhook, actor=operator)
        return Answer({**webhook_facts(webhook), "uid": str(event.pk)}, f"A test of {webhook} is on its way.")
