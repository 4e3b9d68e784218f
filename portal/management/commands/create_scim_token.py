"""`manage.py create_scim_token`: what the identity provider's administrator pastes into its set-up."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from identity.core.actors import Operator
from identity.core.errors import NotFound
from identity.models import IdentityProvider
from identity.services import identity_providers, scim_tokens
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import token_facts


class Command(ChangingCommand):
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
        parser.add_argument("--networks", default="", metavar="CIDR,…", help="works from there only")
        parser.add_argument("--read-only", action="store_true", help="it changes nothing")
        parser.add_argument("--days", type=int, help="how long it is good for (default: until it is revoked)")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = self.find_or_create(options["idp"], options["kind"], operator)
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] is not None else None
        token, secret = scim_tokens.create_token(
            provider,
            label=options["label"],
            expires_at=expires_at,
            networks=options["networks"],
            is_read_only=options["read_only"],
            actor=operator,
        )
        self.tell(f"Created the token “{token.label}” of {provider}. It is shown only now:")
        return Answer({**token_facts(token), "secret": secret}, secret)

    def find_or_create(self, name: str, kind: str | None, operator: Operator) -> IdentityProvider:
        try:
            return find_identity_provider(name)
        except NotFound:
            provider = identity_providers.create_identity_provider(
                name=name, kind=kind or IdentityProvider.Kind.OTHER, actor=operator
            )
            self.tell(f"Created the identity provider {provider} ({provider.get_kind_display()}).")
            return provider
