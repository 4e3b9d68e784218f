"""`manage.py delete_sso_connection`: permanently remove a way to sign in."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import sso_connections
from portal.management.answers import Answer
from portal.management.named_rows import find_sso_connection
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import connection_facts


class Command(DestroyingCommand):
    help = (
        "Deletes an SSO connection with its settings. The last one stays while SSO is enforced. A dry run unless "
        "--yes is given."
    )
    examples = "manage.py delete_sso_connection okta-1f2e3d4c --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="as list_sso_connections shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        connection = find_sso_connection(options["slug"])
        facts = connection_facts(connection)
        sso_connections.delete_connection(connection, actor=operator)
        return Answer(facts, f"Deleted the connection {facts['slug']} of {facts['identity_provider']}.", facts)
