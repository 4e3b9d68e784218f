"""`manage.py show_conflict`: what was sent, what is in its way, and the options."""

from typing import Any

from django.core.management.base import CommandParser

from identity import policy
from identity.core.actors import Operator
from identity.models import Conflict
from identity.policy import ACTIONS_ON
from identity.services.provisioning.conflicts import sentence
from portal.management.answers import Answer, name_of
from portal.management.named_rows import find_conflict
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import conflict_facts, user_facts


class Command(OperatorCommand):
    help = "Shows a conflict: what the identity provider sends, the account in its way, and what can be done about it."
    examples = "manage.py show_conflict 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_conflicts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        conflict = find_conflict(options["id"])
        return Answer.of(
            {
                **conflict_facts(conflict),
                "external_id": conflict.external_id,
                "first_name": conflict.first_name,
                "last_name": conflict.last_name,
                "answered": sentence(conflict),
                "decided_by": name_of(conflict.decided_by),
                "decided_at": conflict.decided_at,
                "account": [user_facts(conflict.user)],
                "ways_out": ways_out(conflict, operator),
            }
        )


def ways_out(conflict: Conflict, operator: Operator) -> list[str]:
    """The commands that would have an effect now."""
    asked = ((action, policy.decide(action, actor=operator, conflict=conflict)) for action in ACTIONS_ON["conflict"])
    return [str(action) for action, decision in asked if decision and decision.fits]
