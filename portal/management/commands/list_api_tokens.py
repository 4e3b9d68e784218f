"""`manage.py list_api_tokens`: all tokens for the REST API."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import APIToken
from portal.management.answers import Facts
from portal.management.named_rows import find_user
from portal.management.operator_command import ListCommand
from portal.management.row_facts import api_token_facts


class Command(ListCommand):
    help = "Lists the personal tokens for the REST API: whose they are, what they may, when they were last used (UTC)."
    examples = "manage.py list_api_tokens --user grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="USERNAME", help="only those of this user")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = APIToken.objects.select_related("user").order_by("pk")
        if options["user"]:
            rows = rows.filter(user=find_user(options["user"]))
        return map(api_token_facts, rows)
