"""`manage.py delete_webhook`: take it off the portal."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_webhook
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import webhook_facts


class Command(DestroyingCommand):
    help = (
        "Deletes a webhook with the record of its deliveries; events stay in the audit log. A dry run unless --yes is "
        "given."
    )
    examples = "manage.py delete_webhook SIEM --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["label"])
        facts = webhook_facts(webhook)
        webhooks.delete_webhook(webhook, actor=operator)
        return Answer(facts, f"Deleted the webhook {facts['label']}.")
