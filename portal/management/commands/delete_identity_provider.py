"""`manage.py delete_identity_provider`: remove one from the portal; its people stay."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import identity_providers
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import DestroyingCommand


class Command(DestroyingCommand):
    help = (
        "Takes an identity provider off the portal: its tokens, records, SSO groups and mappings go. Its people "
        "stay as they are, with their groups, and are no longer managed. Shows what hangs on it, unless "
        "--yes is given."
    )
    examples = "manage.py delete_identity_provider 'Entra ID (Cairo)'"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        facts = {"name": provider.name, **identity_providers.usage(provider)}
        identity_providers.delete_identity_provider(provider, actor=operator)
        return Answer(facts, f"Deleted the identity provider {facts['name']}.", facts)
