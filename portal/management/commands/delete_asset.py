"""`manage.py delete_asset`: remove an asset."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import assets
from portal.management.answers import Answer
from portal.management.named_rows import find_asset
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import asset_facts


class Command(DestroyingCommand):
    help = "Takes an asset off the portal's register; the thing itself is untouched. A dry run unless --yes is given."
    examples = "manage.py delete_asset 'Billing dashboard' --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        asset = find_asset(options["name"])
        facts = asset_facts(asset)
        assets.delete_asset(asset, actor=operator)
        return Answer(facts, f"Deleted the asset {facts['name']}.")
