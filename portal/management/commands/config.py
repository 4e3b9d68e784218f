"""`manage.py config`: the configuration in effect."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from identity.core.actors import Operator
from portal.management.answers import Answer, Facts, table_lines
from portal.management.operator_command import OperatorCommand
from portal.project.environment import is_set, variable_of
from portal.project.variables import Variables, of_this_process


class Command(OperatorCommand):
    help = (
        "Prints the configuration in effect: every variable of the environment that the portal reads, its value, and "
        "whether the value was given or is the default. Secrets are only said to be set or not, and passwords in "
        "addresses are left out. A wrong variable is named instead, as every command does (exit code 78)."
    )
    examples = "manage.py config\nmanage.py config --json | jq '.variables[] | select(.given)'"

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        rows = list(variables())
        return Answer({"variables": rows}, "\n".join(table_lines(rows)))


def variables() -> list[Facts]:
    known = of_this_process()
    return [row(one.name, getattr(known, one.name)) for one in fields(Variables)]


def row(name: str, value: Any) -> Facts:
    kind, is_given = variable_of(Variables.__dataclass_fields__[name]).kind, is_set(name)
    shown = ("set" if is_given else "not set") if kind.is_secret else kind.show(value)
    return {"variable": name, "value": shown, "given": is_given}
