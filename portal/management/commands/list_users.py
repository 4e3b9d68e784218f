"""`manage.py list_users`: who is in the portal."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import Role, Status, User
from portal.management.answers import Facts
from portal.management.named_rows import find_group, find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import user_facts

ROWS_AT_ONCE = 2000


class Command(ListCommand):
    help = "Lists users, by username. The options narrow the list and can be combined."
    examples = (
        "manage.py list_users --status disabled --idp Okta\n"
        "manage.py list_users --role owner\n"
        "manage.py list_users --search ada --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--status", choices=Status.values)
        parser.add_argument("--role", choices=Role.values)
        parser.add_argument("--idp", metavar="NAME", help="managed by this identity provider; 'none': by none")
        parser.add_argument("--group", metavar="NAME", help="the members of this portal group")
        parser.add_argument("--never-active", action="store_true", help="who has never signed in")
        parser.add_argument("--search", metavar="TEXT", help="whose username, email or name begins so")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = User.objects.select_related("managed_by").order_by("username_key")
        for condition in conditions(options):
            rows = rows.filter(**condition)
        if options["search"]:
            rows = rows.search(options["search"])
        return map(user_facts, rows.iterator(ROWS_AT_ONCE))


def conditions(options: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for column in ("status", "role"):
        if options[column]:
            yield {column: options[column]}
    if options["idp"]:
        yield {"managed_by": None if options["idp"] == "none" else find_identity_provider(options["idp"])}
    if options["group"]:
        yield {"memberships__group": find_group(options["group"])}
    if options["never_active"]:
        yield {"last_active": None}
