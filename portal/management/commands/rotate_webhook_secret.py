"""`manage.py rotate_webhook_secret`: exchange its secret without a gap."""

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
        "Makes a new secret for a webhook and prints it, alone, on standard output: it is shown only now. For a week "
        "the one before signs as well."
    )
    examples = "SECRET=$(manage.py rotate_webhook_secret SIEM)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["label"])
        webhook, secret = webhooks.rotate_secret(webhook, actor=operator)
        self.tell(f"A new secret of the webhook {webhook}. It is shown only now:")
        return Answer({**webhook_facts(webhook), "secret": secret}, secret)
