"""`manage.py import_users`: invite everyone in a CSV file."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity import policy
from identity.core.actors import Operator
from identity.core.decisions import Action
from identity.core.errors import GatehouseError
from identity.services import invitations
from portal.exchange.csv_in import Line, read_people
from portal.management.answers import Answer, Facts
from portal.management.files import read_file
from portal.management.operator_command import DestroyingCommand
from portal.management.progress import progress


class Command(DestroyingCommand):
    help = (
        "Invites the people in a CSV file with the columns username, email, first_name and last_name; other "
        "columns are ignored. Each gets a mail with a link. Checks every line and sends nothing, unless --yes "
        "is given. Lines that are refused are named, the others go through, and the command ends with 1."
    )
    examples = "manage.py import_users people.csv\nmanage.py import_users people.csv --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="UTF-8, with a line of headings; '-': standard input")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        policy.require(Action.INVITE, actor=operator)  # better said once than for each line
        lines = read_file(options["file"], read_people)
        answers = (self.invite(line, operator) for line in lines)
        refused = [facts for facts in progress(answers, total=len(lines), unit="people") if facts]
        invited = len(lines) - len(refused)
        return Answer(
            {"people": len(lines), "invited": invited, "refused": refused}, f"Invited {invited} of {len(lines)} people."
        )

    def invite(self, line: Line, operator: Operator) -> Facts | None:
        """The refusal, if any, with its line."""
        if line.problem:
            return self.tell_refusal(line, "invalid_line", line.problem)
        try:
            invitations.invite_user(**line.said, actor=operator)
        except GatehouseError as error:
            return self.tell_refusal(line, error.code, error.sentence)
        return None

    def tell_refusal(self, line: Line, code: str, sentence: str) -> Facts:
        username = line.said["username"]
        self.tell(f"line {line.number}, {username or 'no username'}: {sentence}")
        return {"line": line.number, "username": username, "code": code, "sentence": sentence}

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        super().print_answer(answer, options)
        if answer.facts["refused"]:
            number = len(answer.facts["refused"])
            raise CommandError("1 line was refused." if number == 1 else f"{number} lines were refused.")
