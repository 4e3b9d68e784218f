"""`manage.py reset_second_factor`: for a user who has lost the app, the passkeys and the recovery codes."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.second_factors import reset_second_factor
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = (
        "Forgets a user's authenticator app, passkeys and recovery codes. A break-glass account sets up a new app at "
        "its next sign-in while SSO is enforced."
    )
    examples = "manage.py reset_second_factor grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        reset_second_factor(user, actor=operator)
        sentence = f"{user.username} signs in without a second step until a new one is set up."
        return Answer(user_facts(user), sentence)
