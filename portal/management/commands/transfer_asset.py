"""`manage.py transfer_asset`: from one owner to another."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import assets
from portal.management.answers import Answer
from portal.management.named_rows import find_asset, find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import asset_facts


class Command(ChangingCommand):
    help = (
        "Gives an asset to a user, who becomes its only owner. With --from, only that owner's place is "
        "taken; with --share, the owners it has stay."
    )
    examples = (
        "manage.py transfer_asset 'Billing dashboard' --to ada\n"
        "manage.py transfer_asset 'Billing dashboard' --from grace --to ada\n"
        "manage.py transfer_asset 'Billing dashboard' --to ada --share"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--to", dest="taker", required=True, metavar="USERNAME", help="who owns it from now on")
        others = parser.add_mutually_exclusive_group()
        others.add_argument("--from", dest="giver", metavar="USERNAME", help="who owns it no longer")
        others.add_argument("--share", action="store_true", help="with those who own it already")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        asset, taker = find_asset(options["name"]), find_user(options["taker"])
        if options["giver"]:
            assets.transfer_asset(asset, giver=find_user(options["giver"]), taker=taker, actor=operator)
        elif options["share"]:
            assets.add_owner(asset, taker, actor=operator)
        else:
            assets.give_asset(asset, taker=taker, actor=operator)
        facts = asset_facts(asset)
        return Answer(facts, f"{asset} is owned by {', '.join(facts['owners'])}.")
