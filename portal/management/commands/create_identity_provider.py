"""`manage.py create_identity_provider`: a directory that provisions people and signs them in."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import IdentityProvider
from identity.services import identity_providers
from portal.management.answers import Answer
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import provider_facts

SWITCH = {"on": True, "off": False}


class Command(ChangingCommand):
    help = "Sets up an identity provider. Give it a token with create_scim_token."
    examples = "manage.py create_identity_provider Okta --kind okta --ask-first"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--kind", choices=IdentityProvider.Kind.values, default=IdentityProvider.Kind.OTHER)
        parser.add_argument(
            "--ask-first",
            action="store_true",
            help="record a conflict when a person exists already, instead of adopting the account (R5)",
        )

        parser.add_argument(
            "--refuse-nested-groups",
            action="store_true",
            help="refuse a group that has a group among its members, instead of skipping that (R14)",
        )
        parser.add_argument(
            "--external-ids-identify",
            choices=SWITCH,
            help="whether who comes back under another userName is known by the externalId (R9); else as the kind does",
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = identity_providers.create_identity_provider(
            name=options["name"],
            kind=options["kind"],
            asks_before_adopting=options["ask_first"],
            refuses_nested_groups=options["refuse_nested_groups"],
            identifies_by_external_id=SWITCH.get(options["external_ids_identify"]),
            actor=operator,
        )
        return Answer(
            provider_facts(provider), f"Created the identity provider {provider} ({provider.get_kind_display()})."
        )
