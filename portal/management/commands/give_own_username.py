"""`manage.py give_own_username`: another portal username for a person whose userName is taken (R7)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import conflicts
from portal.management.answers import Answer
from portal.management.named_rows import find_conflict
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import conflict_facts


class Command(ChangingCommand):
    help = (
        "Gives a newcomer a username of their own, where the userName that the identity provider sends is another "
        "person's permanent username here, as after a rename there: its next try creates them. Its own view keeps its "
        "userName."
    )
    examples = "manage.py list_conflicts\nmanage.py give_own_username 12 alice.b"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_conflicts shows it")
        parser.add_argument("username", help="what they are called in the portal, for good")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        conflict = conflicts.give_own_username(
            find_conflict(options["id"]), username=options["username"], actor=operator
        )
        sentence = f"{conflict.own_username} will be created when {conflict.user_name} is sent again."
        return Answer(conflict_facts(conflict), sentence)
