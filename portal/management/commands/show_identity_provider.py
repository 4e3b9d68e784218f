"""`manage.py show_identity_provider`: its settings, tokens, connections, and what depends on it."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from identity import policy
from identity.core.actors import Operator
from identity.models import IdentityProvider
from identity.queries.rhythm import activities
from identity.services import identity_providers
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import activity_facts, provider_facts, token_facts, trust_facts


class Command(OperatorCommand):
    help = (
        "Shows an identity provider: the address to enter there, when it was last heard of and whether it fell silent, "
        "its tokens and SSO connections, and how many people, "
        "groups and mappings hang on it."
    )
    examples = "manage.py show_identity_provider Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        tokens = provider.scim_tokens.made().select_related("identity_provider").order_by("pk")
        trusts = provider.scim_trusts.select_related("identity_provider")
        connections = provider.sso_connections.all()
        itself = IdentityProvider.objects.filter(pk=provider.pk)
        (activity,) = activities(itself, scim_enabled=policy.current_mode().scim_enabled)
        return Answer.of(
            {
                **provider_facts(provider),
                **activity_facts(activity),
                "scim_base_url": f"{settings.PUBLIC_URL}/scim/v2",
                **identity_providers.usage(provider),
                "tokens": [token_facts(token) for token in tokens],
                "scim_trusts": [trust_facts(trust) for trust in trusts],
                "sso_connections": [
                    {"protocol": one.get_protocol_display(), "enabled": one.is_enabled} for one in connections
                ],
            }
        )
