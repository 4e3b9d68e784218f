"""`manage.py edit_scim_token`: its label, the networks it works from, and whether it only reads."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import scim_tokens
from portal.management.answers import Answer
from portal.management.named_rows import find_scim_token
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import token_facts

SWITCH = {"on": True, "off": False}


class Command(ChangingCommand):
    help = "Changes a SCIM token at once; its secret stays. What is left out stays, too."
    examples = (
        "manage.py edit_scim_token 3 --networks 192.0.2.0/24 --read-only on\nmanage.py edit_scim_token 3 --networks ''"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_tokens shows it")
        parser.add_argument("--label")
        parser.add_argument("--networks", metavar="CIDR,…", help="works from there only; '' is everywhere")
        parser.add_argument("--read-only", choices=SWITCH)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        token = find_scim_token(options["id"])
        token = scim_tokens.edit_token(
            token,
            label=token.label if options["label"] is None else options["label"],
            networks=token.networks if options["networks"] is None else options["networks"],
            is_read_only=SWITCH.get(options["read_only"], token.is_read_only),
            actor=operator,
        )
        return Answer(token_facts(token), f"Changed the SCIM token {token}.")
