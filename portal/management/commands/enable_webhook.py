"""`manage.py enable_webhook`: send it events again."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_webhook
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import webhook_facts


class Command(ChangingCommand):
    help = "Switches a webhook on: it goes on where it stopped."
    examples = "manage.py enable_webhook SIEM\nmanage.py enable_webhook SIEM --skip-missed"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")
        parser.add_argument("--skip-missed", action="store_true", help="leave out what happened meanwhile")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["label"])
        webhook = webhooks.enable_webhook(webhook, skips_missed=options["skip_missed"], actor=operator)
        return Answer(webhook_facts(webhook), f"The webhook {webhook} is sent events.")
