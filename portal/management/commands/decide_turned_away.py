"""`manage.py decide_turned_away`: apply it, have it sent again, or forget it (R24)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.core.errors import InvalidValue
from identity.services import turned_away_decisions
from identity.services.turned_away_decisions import TurnedAwayDecision
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider, find_turned_away
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "Decides what becomes of that which was turned away. Apply: who was to go is disabled and who was to leave "
        "leaves, as the identity provider asked, in any mode; the rest is to be sent again. With --dry-run it says "
        "what would happen."
    )
    examples = "manage.py decide_turned_away apply --id 12\nmanage.py decide_turned_away forget --idp Okta --dry-run"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("decision", choices=[one.value for one in TurnedAwayDecision])
        parser.add_argument("--id", type=int, help="one, as list_turned_away shows it")
        parser.add_argument("--idp", metavar="NAME", help="all that this identity provider wanted")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        decision = TurnedAwayDecision(options["decision"])
        if (options["id"] is None) is (options["idp"] is None):
            raise InvalidValue("id", "or idp says what is decided: give one of them")
        if options["idp"] is None:
            row = find_turned_away(options["id"])
            decided = [turned_away_decisions.decide(row, decision, actor=operator)]
        else:
            provider = find_identity_provider(options["idp"])
            decided = turned_away_decisions.decide_all(provider, decision, actor=operator)
        facts = {"decided": len(decided), "names": [row.name for row in decided]}
        return Answer(facts, f"Decided: {turned_away_decisions.in_words(decided)}.")
