"""`manage.py watch_identity_provider`: keep its requests for half an hour."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import provider_contacts
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import provider_facts


class Command(ChangingCommand):
    help = (
        "Keeps each request of an identity provider for the next half hour, reads as well: start its connection test "
        "meanwhile, and see list_received_requests."
    )
    examples = "manage.py watch_identity_provider Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = provider_contacts.watch(find_identity_provider(options["name"]), actor=operator)
        return Answer(provider_facts(provider), f"What {provider} asks is kept for half an hour.")
