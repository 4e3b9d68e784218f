"""`manage.py remove_asset_owner`: end a user's ownership of an asset."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services import assets
from portal.management.answers import Answer
from portal.management.named_rows import find_asset, find_user
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import asset_facts


class Command(ChangingCommand):
    help = "Takes an owner off an asset. The last one stays until another is named: transfer_asset does both."
    examples = "manage.py remove_asset_owner 'Billing dashboard' grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("username")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        asset, user = find_asset(options["name"]), find_user(options["username"])
        assets.remove_owner(asset, user, actor=operator)
        return Answer(asset_facts(asset), f"{user.username} owns {asset} no longer.")
