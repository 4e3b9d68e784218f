"""`manage.py withdraw_sso_group`: withdraw a declaration (R19)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import groups as sso_groups
from portal.management.answers import Answer
from portal.management.named_rows import find_sso_group
from portal.management.operator_command import ChangingCommand


class Command(ChangingCommand):
    help = (
        "Takes back an SSO group that was declared and never pushed. A pushed one is deleted by its identity provider."
    )
    examples = "manage.py withdraw_sso_group 'Engineering (all)' --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--idp", metavar="NAME", help="needed when several have a group of that name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        sso_group = find_sso_group(options["name"], options["idp"])
        facts = {"display_name": sso_group.display_name, "identity_provider": sso_group.identity_provider.name}
        sso_groups.withdraw_declaration(sso_group, actor=operator)
        return Answer(facts, f"Withdrew the SSO group {facts['display_name']}.")
