"""`manage.py list_groups`: the portal's groups."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from identity.models import Group
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import group_facts


class Command(ListCommand):
    help = "Lists the portal's groups: how many members each has, and which SSO groups feed it."
    examples = "manage.py list_groups\nmanage.py list_groups --unmapped"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unmapped", action="store_true", help="only those that no SSO group feeds")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = Group.objects.unmapped() if options["unmapped"] else Group.objects.all()
        counted = rows.annotate(number_of_members=Count("memberships"))
        return map(group_facts, counted.prefetch_related("mappings__sso_group"))
