"""`manage.py create_scim_trust`: let a SCIM client come without a stored secret."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import scim_trusts
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import trust_facts
from portal.management.trust_options import add_settings, changed


class Command(ChangingCommand):
    help = (
        "Sets up a SCIM trust of an identity provider: whose signed assertions get access tokens of an hour. Prints "
        "the client ID and the addresses to enter there."
    )
    examples = (
        "manage.py create_scim_trust 'Entra ID' --issuer https://login.microsoftonline.com/TENANT/v2.0 "
        "--key-set-url https://login.microsoftonline.com/TENANT/discovery/v2.0/keys --subject OBJECT --audiences api://APP"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", metavar="name", help="the identity provider's")
        add_settings(parser)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["idp"])
        said = changed(scim_trusts.preset(provider.kind), options)
        trust = scim_trusts.create_trust(provider, said=said, actor=operator)
        facts = trust_facts(trust)
        return Answer(facts, f"Created the SCIM trust “{trust.label}” of {provider}.", facts)
