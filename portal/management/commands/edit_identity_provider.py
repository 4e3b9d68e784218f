"""`manage.py edit_identity_provider`: change its name, its kind, and how its data is followed."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.models import IdentityProvider
from identity.services import identity_providers
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import provider_facts

SWITCH = {"on": True, "off": False}


class Command(ChangingCommand):
    help = "Changes an identity provider. What is left out stays."
    examples = (
        "manage.py edit_identity_provider Okta --ask-first on\nmanage.py edit_identity_provider Okta --name 'Okta EU'"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", metavar="name")
        parser.add_argument("--name", metavar="NAME", help="the new one")
        parser.add_argument("--kind", choices=IdentityProvider.Kind.values)
        parser.add_argument("--ask-first", choices=SWITCH, help="ask before existing accounts are adopted (R5)")
        parser.add_argument(
            "--refuse-nested-groups",
            choices=SWITCH,
            help="refuse a group that has a group among its members, instead of skipping that (R14)",
        )
        parser.add_argument(
            "--external-ids-identify",
            choices=SWITCH,
            help="who comes back under another userName is known by the externalId (R9)",
        )
        parser.add_argument(
            "--keep-requests", choices=SWITCH, help="keep what it sends in the provisioning log, without passwords"
        )
        parser.add_argument(
            "--access-tokens-only",
            choices=SWITCH,
            help="refuse SCIM tokens that were made to be pasted: its clients come by a trust (R29)",
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["idp"])
        provider = identity_providers.edit_identity_provider(
            provider,
            name=options["name"] or provider.name,
            kind=options["kind"] or provider.kind,
            asks_before_adopting=SWITCH.get(options["ask_first"], provider.asks_before_adopting),
            refuses_nested_groups=SWITCH.get(options["refuse_nested_groups"]),
            identifies_by_external_id=SWITCH.get(options["external_ids_identify"]),
            keeps_requests=SWITCH.get(options["keep_requests"]),
            refuses_static_tokens=SWITCH.get(options["access_tokens_only"]),
            actor=operator,
        )
        return Answer(provider_facts(provider), f"Changed the identity provider {provider}.")
