"""`manage.py edit_group`: change its name or description; mappings stay (R16)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import groups
from portal.management.answers import Answer
from portal.management.named_rows import find_group
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = "Renames or describes a portal group. Its members and mappings stay. What is left out stays, too."
    examples = "manage.py edit_group Engineers --name 'Engineering'"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("group", metavar="name")
        parser.add_argument("--name", metavar="NAME", help="the new one")
        parser.add_argument("--description")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        group = find_group(options["group"])
        description = options["description"]
        group = groups.edit_group(
            group,
            name=options["name"] or group.name,
            description=group.description if description is None else description,
            actor=operator,
        )
        facts = {"id": group.pk, "name": group.name, "description": group.description}
        return Answer(facts, f"Changed the group {group}.")
