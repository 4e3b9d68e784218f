"""`manage.py list_mappings`: which SSO group feeds which portal group."""

from collections.abc import Iterable
from typing import Any

from identity.models import GroupMapping
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import mapping_facts


class Command(ListCommand):
    help = "Lists the group mappings."
    examples = "manage.py list_mappings"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = GroupMapping.objects.select_related("sso_group__identity_provider", "group")
        return map(mapping_facts, rows.order_by("group__name_key", "pk"))
