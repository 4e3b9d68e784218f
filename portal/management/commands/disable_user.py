"""`manage.py disable_user`: end a user's access, sessions and links at once (R13)."""

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
        "Disables a user: sessions, invitation and reset links end at once; groups and assets stay. While SCIM "
        "is on, a user managed by an identity provider is disabled there."
    )
    examples = "manage.py disable_user grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = users.disable_user(find_user(options["username"]), actor=operator)
        return Answer(user_facts(user), f"{user.username} is {Status(user.status).label.lower()}.")
