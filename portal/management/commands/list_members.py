"""`manage.py list_members`: who is in a group, and why."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.models import Membership
from identity.queries.reasons import Reason, members_with_reasons, with_adders
from portal.management.answers import Facts
from portal.management.named_rows import find_group
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the members of a group, each with what brought them: a mapping, or the person who added them."
    examples = "manage.py list_members Builders --json"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("group")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        group = find_group(options["group"])
        rows = with_adders(Membership.objects.filter(group=group)).select_related("user").order_by("user__username_key")
        return map(member_facts, members_with_reasons(group, rows))


def member_facts(reason: Reason) -> Facts:
    user = reason.membership.user
    return {
        "username": user.username,
        "status": user.status,
        "why": reason.sentence,
        "since": reason.membership.created_at,
    }
