"""`manage.py create_scim_token`: what the administrator of the identity provider pastes into its set-up."""

from typing import Any

from django.core.management.base import CommandParser

from identity.actors import Operator
from identity.errors import NotFound
from identity.models import IdentityProvider
from identity.services import identity_providers, tokens
from portal.management.lookups import find_identity_provider
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Creates a SCIM token and prints it, alone, on standard output: it is shown only now. The identity "
        "provider is created when there is none of that name."
    )
    examples = (
        "manage.py create_scim_token --idp Okta --kind okta\n"
        "TOKEN=$(manage.py create_scim_token --idp 'Entra ID' --kind entra --label 'from March 2026')"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", required=True, metavar="NAME", help="the identity provider's name")
        parser.add_argument(
            "--kind",
            choices=IdentityProvider.Kind.values,
            help="what a new identity provider is (default: other)",
        )
        parser.add_argument("--label", default="", help="what the token is listed as")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        provider = self.find_or_create(options["idp"], options["kind"], operator)
        token, secret = tokens.create_token(provider, label=options["label"], actor=operator)
        self.tell(f"Created the token “{token.label}” of {provider}. It is shown only now:")
        self.stdout.write(secret)

    def find_or_create(self, name: str, kind: str | None, operator: Operator) -> IdentityProvider:
        try:
            return find_identity_provider(name)
        except NotFound:
            provider = identity_providers.create_identity_provider(
                name=name, kind=kind or IdentityProvider.Kind.OTHER, actor=operator
            )
            self.tell(f"Created the identity provider {provider} ({provider.get_kind_display()}).")
            return provider
