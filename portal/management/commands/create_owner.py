"""`manage.py create_owner`: a portal's first user, and the way back in when no one can sign in."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.core.errors import Taken
from identity.core.keys import sought
from identity.models import Role, User
from identity.services import users
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand, given_secret
from portal.management.row_facts import user_facts


class Command(ChangingCommand):
    help = (
        "Creates a local owner with a password. It is a break-glass account: it opens the portal also while "
        "single sign-on is enforced, and no identity provider can ever touch it."
    )
    examples = (
        "manage.py create_owner --username ada --email ada@example.com --password 'correct horse battery'\n"
        "pass show gatehouse/ada | manage.py create_owner --username ada --email ada@example.com --password -"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True, help="permanent: it can't be changed later")
        parser.add_argument("--email", required=True, help="may be empty ('')")
        parser.add_argument(
            "--password", required=True, help="at least 12 characters; '-' reads it from standard input"
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        refuse_existing(options["username"])
        owner = users.create_owner(
            username=options["username"],
            email=options["email"],
            password=given_secret(options["password"]),
            actor=operator,
        )
        return Answer(user_facts(owner), f"Created the owner {owner.username}.")


def refuse_existing(username: str) -> None:
    """Taken, naming the holder: a script that runs twice learns that its owner already exists."""
    user = User.objects.filter(username_key=sought(username)).first()
    if user is not None:
        raise Taken(
            f"{user.username} exists already, with the role {Role(user.role).label.lower()}: nothing was changed."
        )
