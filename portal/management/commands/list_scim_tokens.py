"""`manage.py list_scim_tokens`: all tokens for SCIM (SR-12)."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import SCIMToken
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import token_facts


class Command(ListCommand):
    help = "Lists the SCIM tokens: whose they are, when they were made and when they were last used (UTC)."
    examples = "manage.py list_scim_tokens\nmanage.py list_scim_tokens --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only those of this identity provider")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = SCIMToken.objects.made().select_related("identity_provider").order_by("pk")
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        return map(token_facts, rows)
