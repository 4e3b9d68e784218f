"""`manage.py delete_user`: permanent deletion, for support (R10, SR-19)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator, Person
from identity.models import User
from identity.services import deletion
from portal.management.answers import Answer, Facts
from portal.management.named_rows import find_user
from portal.management.operator_command import DestroyingCommand


class Command(DestroyingCommand):
    help = (
        "Deletes a disabled user for good: the person's values are erased everywhere, the trail keeps that it "
        "happened. Only support deletes, so name who does. Shows what would happen, unless --yes is given."
    )
    examples = (
        "manage.py delete_user grace --as tobias --reason 'left in May'\n"
        "manage.py delete_user grace --as tobias --reason 'left in May' --transferee ada --yes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="in full: it is what a page would ask you to type")
        parser.add_argument(
            "--as", dest="support", required=True, metavar="USERNAME", help="the support user who decides"
        )
        parser.add_argument("--reason", required=True, help="kept in the deletion record; no personal data")
        parser.add_argument("--transferee", metavar="USERNAME", help="who takes over what the user owned alone")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        user = find_user(options["username"])
        facts = what_goes(user)
        record = deletion.delete_permanently(
            user,
            typed_username=options["username"],
            reason=options["reason"],
            transferee=find_user(options["transferee"]) if options["transferee"] else None,
            actor=Person(find_user(options["support"]), request_id=operator.request_id),
        )
        return Answer({**facts, "deletion_record": record.pk}, f"Deleted {facts['username']} for good.", facts)


def what_goes(user: User) -> Facts:
    found = deletion.preflight(user)
    return {
        "username": user.username,
        "status": user.status,
        "managed_by": str(user.managed_by) if user.managed_by else None,
        "leaves_groups": [group.name for group in found.groups],
        "assets_to_hand_over": [asset.name for asset in found.owned_alone],
        "assets_that_others_keep": found.owned_with_others,
        "log_rows_to_erase": found.log_rows,
    }
