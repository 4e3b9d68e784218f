"""`manage.py list_assets`: what people own (R12)."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import Asset
from portal.management.answers import Facts
from portal.management.named_rows import find_user
from portal.management.operator_command import ListCommand
from portal.management.row_facts import asset_facts


class Command(ListCommand):
    help = "Lists the assets and their owners."
    examples = "manage.py list_assets --owner grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner", metavar="USERNAME", help="only what this user owns")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = Asset.objects.owned_by(find_user(options["owner"]).pk) if options["owner"] else Asset.objects.all()
        return map(asset_facts, rows.prefetch_related("owners"))
