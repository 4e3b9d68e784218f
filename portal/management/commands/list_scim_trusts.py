"""`manage.py list_scim_trusts`: who gets access tokens for SCIM, and what was last refused."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import SCIMTrust
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import trust_facts


class Command(ListCommand):
    help = "Lists the SCIM trusts: whose assertions get access tokens, and what was last accepted and refused (UTC)."
    examples = "manage.py list_scim_trusts --json\nmanage.py list_scim_trusts --idp 'Entra ID'"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only those of this identity provider")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = SCIMTrust.objects.select_related("identity_provider")
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        return map(trust_facts, rows)
