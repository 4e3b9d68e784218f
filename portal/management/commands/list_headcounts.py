"""`manage.py list_headcounts`: the users by status, day by day."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.queries.headcount import count_people, days_until
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists how many users of each status there were at the start of each day (UTC); the last line is now."
    examples = "manage.py list_headcounts --days 90"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="how far back, 365 at most (default: 30)")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        days = days_until(count_people().numbers, min(options["days"], 365))
        return ({"day": one.day, **one.numbers} for one in days)
