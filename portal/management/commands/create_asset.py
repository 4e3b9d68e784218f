"""`manage.py create_asset`: register an asset (R12)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import assets
from portal.management.answers import Answer
from portal.management.named_rows import find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import asset_facts


class Command(ChangingCommand):
    help = "Registers an asset with its first owner, who need not have signed in yet."
    examples = "manage.py create_asset 'Billing dashboard' --owner grace --kind dashboard --link https://bi.example.com"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", required=True, metavar="USERNAME")
        parser.add_argument("--kind", default="", help="such as repository, dashboard, licence")
        parser.add_argument("--link", default="", help="http or https")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        owner = find_user(options["owner"])
        asset = assets.create_asset(
            name=options["name"], kind=options["kind"], link=options["link"], owner=owner, actor=operator
        )
        return Answer(asset_facts(asset), f"Registered {asset}, owned by {owner}.")
