"""`manage.py disable_sso_connection`: it signs no one in any more."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import sso_connections
from portal.management.answers import Answer
from portal.management.named_rows import find_sso_connection
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import connection_facts


class Command(ChangingCommand):
    help = (
        "Takes an SSO connection off the sign-in page and stops sign-in through it. The last one stays while SSO is "
        "enforced."
    )
    examples = "manage.py disable_sso_connection okta-1f2e3d4c"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="as list_sso_connections shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        connection = find_sso_connection(options["slug"])
        connection = sso_connections.set_connection_enabled(connection, False, actor=operator)
        return Answer(connection_facts(connection), f"The connection {connection.slug} is offered no longer.")
