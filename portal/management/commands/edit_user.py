"""`manage.py edit_user`: names, and the email of users no identity provider manages."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import users
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import user_facts

EDITABLE = ("first_name", "last_name", "email")


class Command(ChangingCommand):
    help = (
        "Changes the names of a user, and the email of one not managed by an identity provider. What is left out "
        "stays. The username is permanent."
    )
    examples = "manage.py edit_user grace --last-name Hopper-Murray\nmanage.py edit_user grace --email ''"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--first-name")
        parser.add_argument("--last-name")
        parser.add_argument("--email", help="'' for none")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        kept = {name: getattr(user, name) for name in EDITABLE}
        given = {name: options[name] for name in EDITABLE if options[name] is not None}
        user = users.edit_profile(user, **(kept | given), actor=operator)
        return Answer(user_facts(user), f"{user.username} is {user.display_name}, {user.email or 'without an email'}.")
