"""`manage.py create_group`: a new portal group."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import groups
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = "Creates a portal group, empty and unmapped."
    examples = "manage.py create_group Engineers --description 'everyone who builds'"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--description", default="")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        group = groups.create_group(name=options["name"], description=options["description"], actor=operator)
        facts = {"id": group.pk, "name": group.name, "description": group.description}
        return Answer(facts, f"Created the group {group}.")
