"""`manage.py revoke_invitation`: the link stops working, and the user, who never signed in, is disabled."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import invitations
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = "Revokes an invitation: the link dies, and the user, who never was in, is disabled."
    examples = "manage.py revoke_invitation zoë"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        invitations.revoke_invitation(user, actor=operator)
        user.refresh_from_db()
        return Answer(user_facts(user), f"Revoked the invitation of {user.username}.")
