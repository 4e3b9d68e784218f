"""`manage.py reset_second_factor`: for who has lost the app and the recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from identity.actors import Operator
from portal.management.lookups import find_user
from portal.management.operator_command import OperatorCommand
from portal.second_factor import remove


class Command(OperatorCommand):
    help = (
        "Forgets somebody's authenticator app and recovery codes. A break-glass account sets up a new one at its "
        "next sign-in while SSO is enforced."
    )
    examples = "manage.py reset_second_factor grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        user = find_user(options["username"])
        remove(user, operator)
        self.stdout.write(f"{user.username} signs in without a second step until a new one is set up.")
