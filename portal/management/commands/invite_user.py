"""`manage.py invite_user`: a person no identity provider sends."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import invitations
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = "Invites a person by mail: the link works once, for 72 hours. Many at once: import_users."
    examples = "manage.py invite_user zoë --email zoe@example.com --first-name Zoë"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="permanent: it can't be changed later")
        parser.add_argument("--email", required=True, help="where the link goes")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = invitations.invite_user(
            username=options["username"],
            email=options["email"],
            first_name=options["first_name"],
            last_name=options["last_name"],
            actor=operator,
        )
        return Answer(user_facts(user), f"Invited {user.username}; the link goes to {user.email}.")
