"""`manage.py enable_user`: restore a disabled user's access (R8)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import Status
from identity.services import users
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = (
        "Enables a disabled user: the same user, with the groups and assets that stayed. While SCIM is on, a "
        "user managed by an identity provider is enabled there."
    )
    examples = "manage.py enable_user grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = users.enable_user(find_user(options["username"]), actor=operator)
        return Answer(user_facts(user), f"{user.username} is {Status(user.status).label.lower()}.")
