"""`manage.py create_webhook`: send events to a receiver from now on."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import webhook_facts


class Command(ChangingCommand):
    help = (
        "Sends events to a receiver from now on, signed as Standard Webhooks says, and prints the secret, alone, on "
        "standard output: it is shown only now."
    )
    examples = (
        "manage.py create_webhook SIEM https://siem.example.com/events\n"
        "manage.py create_webhook Tickets https://tickets.example.com/hook --event user --event conflict"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label")
        parser.add_argument("url")
        parser.add_argument(
            "--event", action="append", default=[], metavar="NAME", help="an event or a family of them (default: all)"
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook, secret = webhooks.create_webhook(
            label=options["label"], url=options["url"], events=options["event"], actor=operator
        )
        self.tell(f"The webhook {webhook} is sent events from now on. Its secret is shown only now:")
        return Answer({**webhook_facts(webhook), "secret": secret}, secret)
