"""`manage.py list_turned_away`: what identity providers wanted while they were turned away (R24)."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import TurnedAway
from identity.queries.turned_away import with_moves
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import turned_away_facts


class Command(ListCommand):
    help = (
        "Lists what identity providers wanted to change while SCIM was off, while they were paused, or while their "
        "brake was on: for each person and group all attempts together."
    )
    examples = "manage.py list_turned_away\nmanage.py list_turned_away --idp Okta --state all --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only what this identity provider wanted")
        parser.add_argument("--state", choices=[*TurnedAway.State.values, "all"], default=TurnedAway.State.OPEN)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = TurnedAway.objects.all()
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        if options["state"] != "all":
            rows = rows.filter(state=options["state"])
        return map(turned_away_facts, with_moves(rows))
