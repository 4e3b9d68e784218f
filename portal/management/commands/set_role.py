"""`manage.py set_role`: who administers the portal."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import Role
from identity.services import users
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = (
        "Changes a user's role. Owners change roles and access settings, administrators do the rest, "
        "support deletes disabled users for good, members see their own profile."
    )
    examples = "manage.py set_role grace administrator"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = users.change_role(find_user(options["username"]), Role(options["role"]), actor=operator)
        return Answer(user_facts(user), f"{user.username} has the role {Role(user.role).label.lower()}.")
