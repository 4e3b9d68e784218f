"""`manage.py edit_scim_trust`: change whom it trusts; its client ID stays."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import scim_trusts
from portal.management.answers import Answer
from portal.management.named_rows import find_scim_trust
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import trust_facts
from portal.management.trust_options import add_settings, changed, settings_of


class Command(ChangingCommand):
    help = (
        "Changes a SCIM trust; its client ID stays. What is left out stays, too. Access tokens that were issued under "
        "other conditions end."
    )
    examples = "manage.py edit_scim_trust 2 --networks 192.0.2.0/24\nmanage.py edit_scim_trust 2 --key-set keys.json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_trusts shows it")
        add_settings(parser)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        trust = find_scim_trust(options["id"])
        trust = scim_trusts.edit_trust(trust, said=changed(settings_of(trust), options), actor=operator)
        return Answer(trust_facts(trust), f"Changed the SCIM trust “{trust.label}”.")
