"""`manage.py link_conflict`: approve exactly this person of this identity provider (R7)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.services.provisioning import conflicts
from portal.management.answers import Answer
from portal.management.named_rows import find_conflict
from portal.management.operator_command import ChangingCommand
from portal.management.row_facts import conflict_facts


class Command(ChangingCommand):
    help = (
        "Approves a link: the next time the identity provider sends exactly this userName, email and externalId, the "
        "existing account becomes theirs. Its username, email and role stay."
    )
    examples = "manage.py list_conflicts\nmanage.py link_conflict 12"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_conflicts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        conflict = conflicts.link_conflict(find_conflict(options["id"]), actor=operator)
        sentence = f"{conflict.user_name} will be linked to {conflict.user} when it is sent again."
        return Answer(conflict_facts(conflict), sentence)
