"""`manage.py list_webhook_deliveries`: what was sent, and what failed."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import WebhookDelivery
from portal.management.answers import Facts
from portal.management.named_rows import find_webhook
from portal.management.operator_command import ListCommand
from portal.management.row_facts import delivery_facts


class Command(ListCommand):
    help = "Lists what was sent to webhooks and what failed, newest first; it is kept for a month."
    examples = (
        "manage.py list_webhook_deliveries --webhook SIEM\nmanage.py list_webhook_deliveries --state failed --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--webhook", metavar="LABEL")
        parser.add_argument("--state", choices=WebhookDelivery.State.values)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = WebhookDelivery.objects.select_related("webhook").order_by("-pk")
        if options["webhook"]:
            rows = rows.filter(webhook=find_webhook(options["webhook"]))
        if options["state"]:
            rows = rows.filter(state=options["state"])
        return (delivery_facts(row) for row in rows.iterator())
