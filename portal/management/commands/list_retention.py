"""`manage.py list_retention`: how long old records are kept."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.services import retention
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = (
        "Lists how many days each kind of record is kept, 0 for good, and who said so: the environment, an owner who "
        "chose it, or none did (default). With --count also how many records the next run lets go."
    )
    examples = "manage.py list_retention\nmanage.py list_retention --count"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", action="store_true", help="count what is older")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        for period in retention.periods():
            yield {
                "record": period.record.name,
                "days": period.days,
                "said_by": period.source.value,
                "variable": period.record.variable,
                **({"older": period.number_older()} if options["count"] else {}),
            }
