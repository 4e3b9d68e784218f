"""`manage.py preview_mapping`: everyone a mapping, or its removal, would move."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from identity.services import mappings
from portal.management.answers import Facts
from portal.management.named_rows import find_group, find_mapping, find_sso_group
from portal.management.operator_command import ListCommand

ROWS_AT_ONCE = 2000


class Command(ListCommand):
    help = (
        "Lists everyone who would join and leave a portal group by a mapping, or with --removal by the end of one. "
        "create_mapping and delete_mapping show the first of them and do it."
    )
    examples = (
        "manage.py preview_mapping 'Engineering (all)' Engineers --csv > moves.csv\n"
        "manage.py preview_mapping 'Engineering (all)' Engineers --removal"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sso_group", help="its display name or SCIM id")
        parser.add_argument("group", help="the portal group's name")
        parser.add_argument("--idp", metavar="NAME", help="needed when several have an SSO group of that name")
        parser.add_argument("--removal", action="store_true", help="of the mapping that there is")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        sso_group, group = find_sso_group(options["sso_group"], options["idp"]), find_group(options["group"])
        if options["removal"]:
            return _moves(mappings.preview_unmapping(find_mapping(sso_group, group)))
        return _moves(mappings.preview_mapping(sso_group, group))


def _moves(preview: mappings.Preview) -> Iterator[Facts]:
    for change, people in (("leaves", preview.leaves), ("joins", preview.joins)):
        for user in people.order_by("username_key").iterator(ROWS_AT_ONCE):
            yield {"change": change, "username": user.username, "name": user.display_name, "status": user.status}
