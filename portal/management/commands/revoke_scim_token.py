"""`manage.py revoke_scim_token`: the next request that carries the token is refused (SR-12)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.actors import Operator
from identity.errors import NotFound
from identity.models import SCIMToken
from identity.services import tokens
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = "Revokes a SCIM token for good. Its identity provider gets 401 from its next request on."
    examples = "manage.py list_scim_tokens\nmanage.py revoke_scim_token 3"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_tokens shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        token = find_token(options["id"])
        provider, label = token.identity_provider, token.label
        tokens.revoke_token(token, actor=operator)
        self.stdout.write(f"Revoked the token “{label}” of {provider}.")


def find_token(token_id: int) -> SCIMToken:
    token = SCIMToken.objects.select_related("identity_provider").filter(pk=token_id).first()
    if token is None:
        raise NotFound(f"There is no SCIM token {token_id}: list_scim_tokens shows those there are.")
    return token
