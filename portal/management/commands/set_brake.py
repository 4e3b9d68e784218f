"""`manage.py set_brake`: how much an identity provider may take away within an hour (R26)."""

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
        "Sets the brake of an identity provider: how many people, and what part of those it manages, it may disable or "
        "take out of mapped groups within an hour before an owner has to decide."
    )
    examples = "manage.py set_brake --idp Okta --people 50 --percent 10\nmanage.py set_brake --idp Okta --off"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", required=True)
        parser.add_argument("--people", type=int, help="more than so many …")
        parser.add_argument("--percent", type=int, help="… and more than this part, in percent")
        parser.add_argument("--off", action="store_true", help="never brake it; limits switch it on again")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        brake = brakes.set_brake(
            find_identity_provider(options["idp"]),
            people=options["people"],
            percent=options["percent"],
            is_on=not options["off"],
            actor=operator,
        )
        limits = f"stops at more than {brake.people:,} people and {brake.percent} %" if brake.is_on else "is off"
        return Answer(brake_facts(brake), f"The brake of {brake.identity_provider} {limits}.")
