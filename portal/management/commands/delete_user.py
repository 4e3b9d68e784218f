"""`manage.py delete_user`: permanent deletion, for support (R10, SR-19)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.actors import Operator, Person
from identity.models import User
from identity.services import deletion
from portal.management.lookups import find_user
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
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
        parser.add_argument("--reason", required=True, help="kept in the deletion record; name nobody in it")
        parser.add_argument("--transferee", metavar="USERNAME", help="who takes over what the user owned alone")
        parser.add_argument("--yes", action="store_true", help="really delete")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        user = find_user(options["username"])
        transferee = find_user(options["transferee"]) if options["transferee"] else None
        self.tell_what_goes(user, transferee)
        if not options["yes"]:
            self.tell("Nothing was deleted. Add --yes to delete for good.")
            return
        record = deletion.delete_permanently(
            user,
            typed_username=options["username"],
            reason=options["reason"],
            transferee=transferee,
            actor=Person(find_user(options["support"]), request_id=operator.request_id),
        )
        self.stdout.write(f"Deleted. The deletion record is {record.pk}.")

    def tell_what_goes(self, user: User, transferee: User | None) -> None:
        found = deletion.preflight(user)
        self.tell(f"{user.username}, {user.get_status_display().lower()}, managed by {user.managed_by or 'nobody'}")
        self.tell(f"  leaves {len(found.groups)} groups: {', '.join(map(str, found.groups)) or 'none'}")
        self.tell(f"  owns alone {len(found.owned_alone)} assets: {', '.join(map(str, found.owned_alone)) or 'none'}")
        if found.owned_alone:
            self.tell(f"  they go to {transferee or 'nobody yet: name somebody with --transferee'}")
        self.tell(f"  owns {found.owned_with_others} assets with others, who keep them")
        self.tell(f"  {found.log_rows} lines of the provisioning log are erased")
