"""`manage.py list_invitations`: people who were invited and have not signed in yet."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity import policy
from identity.models import Invitation
from identity.queries.invitation_links import OF_ITSELF, LinkState, with_link
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import invitation_facts


class Command(ListCommand):
    help = "Lists the invitations that were not accepted yet, expired ones as well. The links are never shown."
    examples = "manage.py list_invitations\nmanage.py list_invitations --link mail_failed"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--link",
            choices=[link.value for link in OF_ITSELF],
            help="only those whose link works, or does not for this reason; whether SSO is enforced is not looked at",
        )

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = Invitation.objects.select_related("user", "invited_by")
        if options["link"]:
            rows = with_link(rows, LinkState(options["link"]))
        mode = policy.current_mode()
        return (invitation_facts(invitation, mode) for invitation in rows)
