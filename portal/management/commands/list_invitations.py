"""`manage.py list_invitations`: people who were invited and have not signed in yet."""

from collections.abc import Iterable
from typing import Any

from identity.models import Invitation
from portal.management.answers import Facts
from portal.management.facts import invitation_facts
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the invitations that were not accepted yet, expired ones as well. The links are never shown."
    examples = "manage.py list_invitations"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(invitation_facts, Invitation.objects.select_related("user", "invited_by"))
