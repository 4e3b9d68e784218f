"""`manage.py delete_scim_trust`: its access tokens end at once."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import scim_trusts
from portal.management.answers import Answer
from portal.management.named_rows import find_scim_trust
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import trust_facts


class Command(DestroyingCommand):
    help = "Deletes a SCIM trust. The access tokens that it issued end at once. A dry run unless --yes is given."
    examples = "manage.py list_scim_trusts\nmanage.py delete_scim_trust 2 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_trusts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        trust = find_scim_trust(options["id"])
        facts = trust_facts(trust)
        scim_trusts.delete_trust(trust, actor=operator)
        return Answer(facts, f"Deleted the SCIM trust “{facts['label']}” of {facts['identity_provider']}.", facts)
