"""`manage.py resend_invitation`: a new link; the old one stops working."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import invitations
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = "Sends an invited user a new link, good for another 72 hours. The old link dies."
    examples = "manage.py resend_invitation zoë"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        invitations.resend_invitation(user, actor=operator)
        user.refresh_from_db()
        return Answer(user_facts(user), f"A new link goes to {user.email}.")
