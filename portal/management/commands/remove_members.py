"""`manage.py remove_members`: manually, from a group that no SSO group feeds."""

from typing import Any

from django.core.management.base import CommandParser
from django.template.defaultfilters import pluralize

from identity.core.actors import Operator
from identity.services import groups
from portal.management.answers import Answer
from portal.management.named_rows import find_group, find_users
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "Removes users from a portal group. While SCIM is on, a mapped group's members come from its SSO groups alone."
    )
    examples = "manage.py remove_members Engineers grace ada"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("group")
        parser.add_argument("usernames", nargs="+", metavar="username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        group = find_group(options["group"])
        count = groups.remove_members(group, find_users(options["usernames"]), actor=operator)
        return Answer({"group": group.name, "removed": count}, f"Removed {count} user{pluralize(count)} from {group}.")
