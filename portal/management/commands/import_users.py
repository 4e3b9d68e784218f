"""`manage.py import_users`: invite everybody in a CSV file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.actors import Operator
from identity.errors import GatehouseError, InvalidValue
from identity.services import invitations
from portal.imports import Row, read_people
from portal.management.answers import Answer, Facts
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
        parser.add_argument("file", type=Path, help="UTF-8, with a line of headings")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        rows = read_rows(options["file"])
        answers = (self.invite(number, row, operator) for number, row in enumerate(rows, 2))
        refused = [facts for facts in progress(answers, total=len(rows), unit="people") if facts]
        invited = len(rows) - len(refused)
        return Answer(
            {"people": len(rows), "invited": invited, "refused": refused}, f"Invited {invited} of {len(rows)} people."
        )

    def invite(self, number: int, row: Row, operator: Operator) -> Facts | None:
        """The refusal, if it is one, said with its line."""
        try:
            invitations.invite_user(**row, actor=operator)
        except GatehouseError as error:
            self.tell(f"line {number}, {row['username'] or 'no username'}: {error.sentence}")
            return {"line": number, "username": row["username"], "code": error.code, "sentence": error.sentence}
        return None

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        super().print_answer(answer, options)
        if answer.facts["refused"]:
            raise CommandError(f"{len(answer.facts['refused'])} lines were refused.")


def read_rows(file: Path) -> list[Row]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read_people(lines)
    except InvalidValue as error:
        raise CommandError(f"{file}: {error.sentence}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} can't be read: {error}") from error
