"""`manage.py list_alarms`: what people were told of."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import Alarm
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import alarm_facts


class Command(ListCommand):
    help = "Lists what people were told of, newest first, and how many notices were sent or failed."
    examples = "manage.py list_alarms --standing\nmanage.py list_alarms --json | jq '.[] | select(.failed > 0)'"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--standing", action="store_true", help="only what lasts and is not resolved")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = Alarm.objects.standing() if options["standing"] else Alarm.objects.all()
        return (alarm_facts(alarm) for alarm in rows.prefetch_related("notices").iterator(chunk_size=500))
