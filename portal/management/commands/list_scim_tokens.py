"""`manage.py list_scim_tokens`: every token that opens the SCIM door (SR-12)."""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from identity.actors import Operator
from identity.models import SCIMToken
from portal.management.lookups import find_identity_provider
from portal.management.operator_command import OperatorCommand

HEADINGS = ("ID", "IDENTITY PROVIDER", "LABEL", "TOKEN", "CREATED", "LAST USED", "FROM", "EXPIRES")


class Command(OperatorCommand):
    help = "Lists the SCIM tokens: whose they are, when they were made and when they were last used (UTC)."
    examples = "manage.py list_scim_tokens\nmanage.py list_scim_tokens --idp Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only those of this identity provider")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        rows = SCIMToken.objects.select_related("identity_provider").order_by("pk")
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        for line in as_table([HEADINGS, *(cells(token) for token in rows)]):
            self.stdout.write(line)


def cells(token: SCIMToken) -> tuple[str, ...]:
    """One line of the table."""
    return (
        str(token.pk),
        token.identity_provider.name,
        token.label,
        token.hint,
        moment(token.created_at),
        moment(token.last_used_at) or "never",
        token.last_used_from or "-",
        moment(token.expires_at) or "never",
    )


def moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else ""


def as_table(rows: list[tuple[str, ...]]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
