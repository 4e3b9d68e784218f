"""`manage.py revoke_scim_token`: the next request with the token is refused (SR-12)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import scim_tokens
from portal.management.answers import Answer
from portal.management.named_rows import find_scim_token
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import token_facts


class Command(ChangingCommand):
    help = "Revokes a SCIM token for good. Its identity provider gets 401 from its next request on."
    examples = "manage.py list_scim_tokens\nmanage.py revoke_scim_token 3"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_tokens shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        token = find_scim_token(options["id"])
        facts = token_facts(token)
        scim_tokens.revoke_token(token, actor=operator)
        return Answer(facts, f"Revoked the token “{facts['label']}” of {facts['identity_provider']}.")
