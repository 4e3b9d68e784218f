"""`manage.py list_notification_rules`: who is told of which alarms."""

from collections.abc import Iterable
from typing import Any

from identity.models import NotificationRule
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import rule_facts


class Command(ListCommand):
    help = "Lists notification rules: who is told of which alarms, how and when."
    examples = "manage.py list_notification_rules"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return (rule_facts(rule) for rule in NotificationRule.objects.select_related("webhook"))
