"""`manage.py edit_asset`: change its name, kind or link; the owners stay."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import assets
from portal.management.answers import Answer
from portal.management.named_rows import find_asset
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import asset_facts

EDITABLE = ("name", "kind", "link")


class Command(ChangingCommand):
    help = "Changes what is written of an asset; its owners stay. What is left out stays, too."
    examples = "manage.py edit_asset 'Billing dashboard' --link https://bi.example.com/billing"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("asset", metavar="name")
        parser.add_argument("--name", metavar="NAME", help="the new one")
        parser.add_argument("--kind", help="such as repository, dashboard, licence; '' for none")
        parser.add_argument("--link", help="http or https; '' for none")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        asset = find_asset(options["asset"])
        kept = {name: getattr(asset, name) for name in EDITABLE}
        given = {name: options[name] for name in EDITABLE if options[name] is not None}
        asset = assets.edit_asset(asset, **(kept | given), actor=operator)
        return Answer(asset_facts(asset), f"Changed the asset {asset}.")
