"""`manage.py pause_identity_provider`: what it writes is turned away (R25)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import identity_providers
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import provider_facts


class Command(ChangingCommand):
    help = (
        "Pauses provisioning by an identity provider: what it writes is turned away with 429 and kept account of, what "
        "it reads is answered. People go on signing in through it: disable_sso_connection stops that."
    )
    examples = "manage.py pause_identity_provider Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        provider = identity_providers.pause_identity_provider(provider, actor=operator)
        return Answer(
            provider_facts(provider),
            f"Provisioning by {provider} is paused. list_turned_away shows what it wants meanwhile.",
        )
