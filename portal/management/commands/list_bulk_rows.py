"""`manage.py list_bulk_rows`: the result of each person in a bulk action."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import BulkRow
from portal.management.answers import Facts
from portal.management.named_rows import find_bulk_run
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the people of a bulk action, and what became of each."
    examples = "manage.py list_bulk_rows 12 --outcome refused"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_bulk_runs shows it")
        parser.add_argument("--outcome", choices=BulkRow.Outcome.values)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = find_bulk_run(options["id"]).rows.select_related("user__invitation", "run").order_by("position")
        if options["outcome"]:
            rows = rows.filter(outcome=options["outcome"])
        return map(row_facts, rows.iterator(1000))


def row_facts(row: BulkRow) -> Facts:
    return {"position": row.position, "username": row.username, "outcome": row.outcome, "result": row.result}
