"""`manage.py show_policy`: what may be done now, and in the other modes (docs/design/rules.md)."""

from typing import Any

from identity import policy
from identity.core.actors import Operator
from identity.core.decisions import ROWS, Action
from identity.policy import MATRIX, MODES, ROLES
from portal.management.answers import Answer, Facts
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Shows the policy: for each action who may do it, and what each mode says to it. What is left to the identity "
        "provider in a mode is refused on the pages, in the REST API and here."
    )
    examples = "manage.py show_policy"

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        mode = policy.current_mode()
        return Answer.of({"mode": mode.code, "in_words": policy.describe(mode), "table": [row(one) for one in ROWS]})


def row(action: Action) -> Facts:
    cells = (
        {mode.code: policy.cell(action, mode) for mode in MODES}
        if action in MATRIX
        else dict.fromkeys((mode.code for mode in MODES), "yes")
    )
    return {"action": action, "roles": sorted(ROLES[action]), **cells}
