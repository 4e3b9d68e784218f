"""`manage.py import_users`: invite everybody in a CSV file."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from identity.actors import Operator
from identity.errors import GatehouseError
from identity.services import invitations
from portal.management.operator_command import OperatorCommand

COLUMNS = ("username", "email", "first_name", "last_name")

Row = dict[str, str]


class Command(OperatorCommand):
    help = (
        "Invites the people in a CSV file with the columns username, email, first_name and last_name; other "
        "columns are ignored. Each gets a mail with a link. Checks every line and sends nothing, unless --yes "
        "is given. Lines that are refused are named, the others go through."
    )
    examples = "manage.py import_users people.csv\nmanage.py import_users people.csv --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="UTF-8, with a line of headings")
        parser.add_argument("--yes", action="store_true", help="really invite")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        rows = read_rows(options["file"])
        if options["yes"]:
            refused = self.invite_all(rows, operator)
        else:
            with transaction.atomic():
                refused = self.invite_all(rows, operator)
                transaction.set_rollback(True)  # mails go out on commit: none does
        done = "Invited" if options["yes"] else "Would invite"
        self.stdout.write(f"{done} {len(rows) - refused} of {len(rows)} people.")
        if refused:
            raise CommandError(f"{refused} lines were refused.")

    def invite_all(self, rows: list[Row], operator: Operator) -> int:
        """How many were refused; each is said with its line."""
        return sum(not self.invite(number, row, operator) for number, row in enumerate(rows, 2))

    def invite(self, number: int, row: Row, operator: Operator) -> bool:
        try:
            invitations.invite_user(**row, actor=operator)
        except GatehouseError as error:
            self.tell(f"line {number}, {row['username'] or 'no username'}: {error.sentence}")
            return False
        return True


def read_rows(file: Path) -> list[Row]:
    """The four columns of each line, with the apostrophe taken off that export_users puts before formulas."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = {"username", "email"}.difference(reader.fieldnames or ())
            if missing:
                raise CommandError(f"{file} has no column {' and no column '.join(sorted(missing))}.")
            return [{column: plain_cell(row.get(column)) for column in COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file} can't be read: {error}") from error


def plain_cell(cell: str | None) -> str:
    text = (cell or "").strip()
    return text[1:] if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"} else text
