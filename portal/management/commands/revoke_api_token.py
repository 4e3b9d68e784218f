"""`manage.py revoke_api_token`: the next request with the token is refused."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import api_tokens
from portal.management.answers import Answer
from portal.management.named_rows import find_api_token
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import api_token_facts


class Command(ChangingCommand):
    help = "Revokes a personal token for the REST API, for good."
    examples = "manage.py list_api_tokens\nmanage.py revoke_api_token 7"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_api_tokens shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        token = find_api_token(options["id"])
        facts = api_token_facts(token)
        api_tokens.revoke_api_token(token, actor=operator)
        return Answer(facts, f"Revoked the token “{facts['label']}” of {facts['username']}.")
