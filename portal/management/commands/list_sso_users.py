"""`manage.py list_sso_users`: people as identity providers sent them."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.db.keyset import batches
from identity.models import SSOUser
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import sso_user_facts


class Command(ListCommand):
    help = "Lists the SSO users: people as identity providers sent them, and the portal user that each became."
    examples = "manage.py list_sso_users --idp Okta --inactive"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only those of this identity provider")
        parser.add_argument("--inactive", action="store_true", help="only those that were sent as inactive")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = SSOUser.objects.select_related("identity_provider", "user").defer("attributes", "keys")
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        if options["inactive"]:
            rows = rows.filter(active=False)
        return (sso_user_facts(row) for batch in batches(rows) for row in batch)
