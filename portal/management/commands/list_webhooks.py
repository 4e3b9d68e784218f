"""`manage.py list_webhooks`: receivers of events."""

from collections.abc import Iterable
from typing import Any

from identity.models import Webhook
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import webhook_facts


class Command(ListCommand):
    help = "Lists webhooks: where events are sent, which, and whether they arrive."
    examples = "manage.py list_webhooks\nmanage.py list_webhooks --json | jq '.[] | select(.state != \"delivering\")'"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return (webhook_facts(webhook) for webhook in Webhook.objects.all())
