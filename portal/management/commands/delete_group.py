"""`manage.py delete_group`: deletes its mappings too, the SSO groups stay (R18)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import groups
from portal.management.answers import Answer
from portal.management.named_rows import find_group
from portal.management.operator_command import DestroyingCommand


class Command(DestroyingCommand):
    help = (
        "Deletes a portal group: its memberships and mappings go, the SSO groups stay and can be mapped again. "
        "Shows what would go, unless --yes is given."
    )
    examples = "manage.py delete_group Engineers\nmanage.py delete_group Engineers --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        group = find_group(options["name"])
        mappings = group.mappings.select_related("sso_group")
        facts = {
            "name": group.name,
            "members": group.memberships.count(),
            "sso_groups": [mapping.sso_group.display_name for mapping in mappings],
        }
        groups.delete_group(group, actor=operator)
        return Answer(facts, f"Deleted the group {facts['name']}.", facts)
