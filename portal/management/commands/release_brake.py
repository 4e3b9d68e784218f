"""`manage.py release_brake`: what an identity provider takes away passes again (R26)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import brakes
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import brake_facts


class Command(ChangingCommand):
    help = (
        "Releases the brake of an identity provider, counted from now. With --people and --hours so many pass for so "
        "long. What was turned away waits for a decision: see list_turned_away."
    )
    examples = "manage.py release_brake Okta\nmanage.py release_brake Okta --people 300 --hours 4"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--people", type=int, help="let so many pass")
        parser.add_argument("--hours", type=int, help="for so long")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        brake = brakes.release_brake(provider, people=options["people"], hours=options["hours"], actor=operator)
        return Answer(brake_facts(brake), f"The brake of {provider} is released.")
