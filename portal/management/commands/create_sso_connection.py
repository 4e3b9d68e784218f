"""`manage.py create_sso_connection`: let people sign in through an identity provider (docs/sso.md)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import SSOConnection
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.management.answers import Answer
from portal.management.connection_options import add_settings, changed
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import connection_facts


class Command(ChangingCommand):
    help = (
        "Sets up an OpenID Connect or SAML connection of an identity provider, and prints the addresses to enter "
        "there. The sign-in page offers it after enable_sso_connection. Claims that are left out are those that this "
        "kind of identity provider is known to send."
    )
    examples = (
        "pass show okta/client | manage.py create_sso_connection Okta oidc --issuer https://example.okta.com "
        "--client-id 0oa1b2c3 --client-secret -\n"
        "manage.py create_sso_connection 'Entra ID' saml --entity-id https://sts.windows.net/… "
        "--sso-url https://login.microsoftonline.com/… --certificate entra.pem"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", metavar="name", help="the identity provider's")
        parser.add_argument("protocol", choices=SSOConnection.Protocol.values)
        add_settings(parser)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["idp"])
        usual = sso_connections.preset(provider.kind, options["protocol"])
        connection = sso_connections.create_connection(
            provider,
            protocol=options["protocol"],
            said=changed(ConnectionSettings(groups_claim=usual["groups_claim"]), options),
            actor=operator,
        )
        facts = connection_facts(connection)
        return Answer(facts, f"Created the connection {connection.slug} of {provider}.", facts)
