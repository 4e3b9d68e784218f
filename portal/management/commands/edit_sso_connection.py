"""`manage.py edit_sso_connection`: change its settings; its URLs stay."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import sso_connections
from portal.management.answers import Answer
from portal.management.connection_options import add_settings, changed, settings_of
from portal.management.named_rows import find_sso_connection
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import connection_facts


class Command(ChangingCommand):
    help = "Changes an SSO connection; its addresses stay. What is left out stays, too."
    examples = "manage.py edit_sso_connection okta-1f2e3d4c --groups-claim groups --creates-users off"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="as list_sso_connections shows it")
        add_settings(parser)
        parser.add_argument(
            "--forget-identities",
            action="store_true",
            help="with another issuer or entity ID: people who have signed in are found anew, by the external ID",
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        connection = find_sso_connection(options["slug"])
        said = changed(settings_of(connection), options)
        connection = sso_connections.edit_connection(
            connection, said=said, forget_identities=options["forget_identities"], actor=operator
        )
        return Answer(connection_facts(connection), f"Changed the connection {connection.slug}.")
