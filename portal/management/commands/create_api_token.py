"""`manage.py create_api_token`: for a script that uses the REST API as a user."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from identity.core.actors import Operator, Person
from identity.models import Scope
from identity.services import api_tokens
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import api_token_facts


class Command(ChangingCommand):
    help = (
        "Creates a personal token for the REST API, as the person would on the profile page, and prints it, alone, on "
        "standard output: it is shown only now. It may do what its scopes say within what the person may do, and ends "
        "when the person is disabled."
    )
    examples = (
        "TOKEN=$(manage.py create_api_token grace --scope read)\n"
        "manage.py create_api_token grace --scope read --scope write --label 'nightly report' --days 90"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose it is: who did it, in the audit log")
        parser.add_argument("--scope", action="append", choices=Scope.values, required=True, help="can be repeated")
        parser.add_argument("--label", default="", help="what the token is listed as")
        parser.add_argument("--days", type=int, help="how long it is good for (default: until it is revoked)")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        token, secret = api_tokens.create_api_token(
            label=options["label"],
            scopes=options["scope"],
            expires_at=timezone.now() + timedelta(days=options["days"]) if options["days"] is not None else None,
            actor=Person(user, request_id=operator.request_id),
        )
        self.tell(f"Created the token “{token.label}” of {user}. It is shown only now:")
        return Answer({**api_token_facts(token), "secret": secret}, secret)
