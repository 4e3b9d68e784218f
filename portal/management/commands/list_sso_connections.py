"""`manage.py list_sso_connections`: how people sign in through identity providers."""

from collections.abc import Iterable
from typing import Any

from identity.models import SSOConnection
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import connection_facts


class Command(ListCommand):
    help = "Lists the SSO connections and whether the sign-in page offers them. Secrets are never shown."
    examples = "manage.py list_sso_connections --json"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(connection_facts, SSOConnection.objects.select_related("identity_provider"))
