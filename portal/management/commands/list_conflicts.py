"""`manage.py list_conflicts`: people identity providers send and the portal refuses (R6)."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import Conflict
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import conflict_facts


class Command(ListCommand):
    help = "Lists conflicts: people sent by an identity provider who collide with an existing account."
    examples = "manage.py list_conflicts\nmanage.py list_conflicts --state all"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--state", choices=[*Conflict.State.values, "all"], default=Conflict.State.OPEN)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = Conflict.objects.select_related("identity_provider", "user")
        if options["state"] != "all":
            rows = rows.filter(state=options["state"])
        return map(conflict_facts, rows)
