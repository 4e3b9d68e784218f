"""`manage.py list_sso_groups`: the groups that identity providers pushed."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from identity.models import SSOGroup
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import sso_group_facts


class Command(ListCommand):
    help = (
        "Lists the SSO groups: who pushed them, how many members they have there, and which portal groups they "
        "feed. One that was declared and never pushed has no “pushed at”."
    )
    examples = "manage.py list_sso_groups --unmapped\nmanage.py list_sso_groups --idp Okta --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", metavar="NAME", help="only those of this identity provider")
        parser.add_argument("--unmapped", action="store_true", help="only those that feed no portal group")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = SSOGroup.objects.unmapped() if options["unmapped"] else SSOGroup.objects.all()
        if options["idp"]:
            rows = rows.filter(identity_provider=find_identity_provider(options["idp"]))
        counted = rows.annotate(number_of_members=Count("memberships"))
        return map(sso_group_facts, counted.select_related("identity_provider").prefetch_related("mappings__group"))
