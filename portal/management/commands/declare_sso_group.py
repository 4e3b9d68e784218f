"""`manage.py declare_sso_group`: declare a group by name before the identity provider pushes it (R19)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import groups as sso_groups
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "Declares an SSO group by name, so that it can be mapped before the identity provider pushes it. Its first "
        "push of that name binds to it."
    )
    examples = "manage.py declare_sso_group 'Engineering (all)' --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--idp", required=True, metavar="NAME")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["idp"])
        sso_group = sso_groups.declare_sso_group(provider, name=options["name"], actor=operator)
        facts = {"display_name": sso_group.display_name, "identity_provider": provider.name}
        return Answer(facts, f"Declared the SSO group {sso_group} of {provider}.")
