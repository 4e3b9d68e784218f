"""`manage.py resume_identity_provider`: what it writes is let in again (R25)."""

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
        "Lets in again what a paused identity provider writes. What was turned away waits for a decision: see "
        "list_turned_away."
    )
    examples = "manage.py resume_identity_provider Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        provider = identity_providers.resume_identity_provider(provider, actor=operator)
        return Answer(
            provider_facts(provider),
            f"Provisioning by {provider} goes on. list_turned_away shows what was turned away.",
        )
