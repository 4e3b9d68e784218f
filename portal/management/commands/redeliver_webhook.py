"""`manage.py redeliver_webhook`: send deliveries again."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_delivery
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import delivery_facts


class Command(ChangingCommand):
    help = "Sends an event to a webhook again, under the same webhook-id, whatever became of it."
    examples = "manage.py redeliver_webhook 4711"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("delivery", type=int, metavar="ID", help="as list_webhook_deliveries shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        delivery = webhooks.redeliver(find_delivery(options["delivery"]), actor=operator)
        return Answer(delivery_facts(delivery), f"{delivery} is on its way to {delivery.webhook} again.")
