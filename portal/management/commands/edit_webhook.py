"""`manage.py edit_webhook`: change where events are sent, and which."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import webhooks
from portal.management.answers import Answer
from portal.management.named_rows import find_webhook
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import webhook_facts


class Command(ChangingCommand):
    help = "Changes a webhook's label, address or events. What is left out stays."
    examples = (
        "manage.py edit_webhook SIEM --url https://siem.example.com/new\nmanage.py edit_webhook SIEM --all-events"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("webhook", metavar="label")
        parser.add_argument("--label", help="the new one")
        parser.add_argument("--url")
        parser.add_argument("--event", action="append", metavar="NAME", help="these instead of the ones chosen")
        parser.add_argument("--all-events", action="store_true")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        webhook = find_webhook(options["webhook"])
        events = [] if options["all_events"] else options["event"]
        webhook = webhooks.edit_webhook(
            webhook,
            label=options["label"] or webhook.label,
            url=options["url"] or webhook.url,
            events=webhook.events if events is None else events,
            actor=operator,
        )
        return Answer(webhook_facts(webhook), f"Changed the webhook {webhook}.")
