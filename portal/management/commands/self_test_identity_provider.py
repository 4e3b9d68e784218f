"""`manage.py self_test_identity_provider`: the requests that every identity provider makes, rolled back."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from portal.management.answers import Answer, table_lines
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import OperatorCommand
from portal.tryout.self_test import self_test


class Command(OperatorCommand):
    help = (
        "Plays the requests that every identity provider makes as this one, and rolls them back: look up, create, "
        "read, replace, deactivate, activate and delete a user, with a group. Ends with 1 when an answer is not what "
        "it should be."
    )
    examples = "manage.py self_test_identity_provider Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        result = self_test(find_identity_provider(options["name"]), actor=operator)
        steps = [
            {
                "name": step.name,
                "method": step.method,
                "path": step.path,
                "status": step.status,
                "result": step.difference or "passed",
            }
            for step in result.steps
        ]
        text = "\n".join([*table_lines(steps), *filter(None, [result.caution])])
        return Answer({"has_passed": result.has_passed, "caution": result.caution, "steps": steps}, text)

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        super().print_answer(answer, options)
        if not answer.facts["has_passed"]:
            raise CommandError("Not every answer is what it should be.")
