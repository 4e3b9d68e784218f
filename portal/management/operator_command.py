"""The base of the portal's commands: the actor, `--help`, and how results and refusals are printed."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from django.db import IntegrityError, transaction

from identity.core.actors import Operator
from identity.core.errors import GatehouseError, InvalidValue, NoDatabase, NotFound, Outdated, Refused, Taken
from identity.db.uniqueness import VALUE_TAKEN, is_taken
from portal.exchange.csv_out import csv_lines
from portal.management.answers import Answer, fact_lines, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.management.answers import Facts

# 1 is any other failure and 2 a wrong option (argparse). Scripts rely on these: keep them.
EXIT_CODES: dict[type[GatehouseError], int] = {
    NotFound: 3,
    Taken: 4,
    Refused: 5,
    InvalidValue: 6,
    Outdated: 7,
    NoDatabase: 69,
}

EXAMPLES = "examples:\n"
DRY_RUN = "Dry run, nothing was changed: "


def exit_code(error: GatehouseError) -> int:
    """The exit code of a refusal: that of the nearest class in the table."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


class HelpFormatter(DjangoHelpFormatter):
    """Wraps prose and leaves the examples as written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(EXAMPLES):
            return textwrap.indent(text, indent)
        return super()._fill_text(text, width, indent)


class OperatorCommand(BaseCommand):
    """A command for an operator with a shell on the server. Results go to stdout, everything else to stderr.

    Subclasses implement `act`; a GatehouseError raised there becomes its sentence on stderr and an exit code.
    With `--json` both the result and the refusal are JSON: `{"error": {"code", "sentence"}}` on stderr.
    """

    # Environment settings are checked; the code's own checks load all pages, and are for the server and the tests.
    requires_system_checks: list[str] | tuple[str, ...] = (Tags.compatibility,)
    examples: ClassVar[str]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(
            prog_name,
            subcommand,
            formatter_class=HelpFormatter,
            epilog=EXAMPLES + textwrap.indent(self.examples, "  "),
            **kwargs,
        )
        self.add_common_arguments(parser)
        return parser

    def add_common_arguments(self, parser: CommandParser) -> None:
        """The options that every command of this kind has."""
        parser.add_argument("--json", action="store_true", dest="as_json", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self.carry_out(Operator(self.name), options)
            if answer is not None:
                self.print_answer(answer, options)
        except GatehouseError as error:
            self.refuse(error, options)
        except IntegrityError as error:
            if not is_taken(error):
                raise
            self.refuse(Taken(VALUE_TAKEN), options)
        except DatabaseError as error:
            from portal.management.no_database import without_database  # noqa: PLC0415 - loads all of doctor

            self.refuse(without_database(error), options)
        except BrokenPipeError:
            nobody_reads()

    def carry_out(self, operator: Operator, options: dict[str, Any]) -> Answer | None:
        return self.act(operator, options)

    def refuse(self, error: GatehouseError, options: dict[str, Any]) -> None:
        """Exit with the error's code."""
        if not options["as_json"]:
            raise CommandError(error.sentence, returncode=exit_code(error)) from error
        self.stderr.write(as_json({"error": {"code": error.code, "sentence": error.sentence}}))
        sys.exit(exit_code(error))

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        if options["as_json"]:
            self.stdout.write(as_json(answer.facts))
            return
        for line in (*fact_lines(answer.shown), answer.text):
            if line:
                self.stdout.write(line)

    @property
    def name(self) -> str:
        """The command's name, as audit events show it."""
        return type(self).__module__.rpartition(".")[2]

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer | None:
        """Do it; the answer is printed, None prints nothing more."""
        raise NotImplementedError

    def tell(self, sentence: str) -> None:
        """Print a message for the operator, apart from the result."""
        self.stderr.write(sentence)


class ListCommand(OperatorCommand):
    """Prints rows: a table, or with `--json` one array, with `--csv` a file. Streamed, whatever the number."""

    def add_common_arguments(self, parser: CommandParser) -> None:
        super().add_common_arguments(parser)
        parser.add_argument("--csv", action="store_true", dest="as_csv", help="print the result as CSV")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if options["as_csv"] and options["as_json"]:
            raise CommandError("Say --json or --csv, not both.", returncode=2)
        rows = self.rows(options)
        if options["as_csv"]:
            for line in csv_rows(rows):
                self.stdout.write(line, ending="")
            return
        for line in json_lines(rows) if options["as_json"] else table_lines(rows):
            self.stdout.write(line)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        """The rows to list, all with the same names in the same order."""
        raise NotImplementedError


class ChangingCommand(OperatorCommand):
    """Changes something; `--dry-run` does it all, reports the result, and rolls it back."""

    def add_common_arguments(self, parser: CommandParser) -> None:
        super().add_common_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, or why not, and change nothing"
        )

    def is_dry_run(self, options: dict[str, Any]) -> bool:
        return bool(options["dry_run"])

    def carry_out(self, operator: Operator, options: dict[str, Any]) -> Answer | None:
        """Mails and events are sent on commit: a dry run sends none."""
        if not self.is_dry_run(options):
            return self.act(operator, options)
        with transaction.atomic():
            answer = self.act(operator, options)
            transaction.set_rollback(True)
        return answer

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        if self.is_dry_run(options):
            answer = Answer({"dry_run": True, **answer.facts}, f"{DRY_RUN}{answer.text}", answer.shown)
        super().print_answer(answer, options)


class DestroyingCommand(ChangingCommand):
    """Destroys something or moves many people: a dry run unless `--yes` is given."""

    def add_common_arguments(self, parser: CommandParser) -> None:
        OperatorCommand.add_common_arguments(self, parser)
        parser.add_argument("--yes", action="store_true", help="really do it; without, this is a dry run")

    def is_dry_run(self, options: dict[str, Any]) -> bool:
        return not options["yes"]

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        super().print_answer(answer, options)
        if self.is_dry_run(options):
            self.tell("Add --yes to do it.")


def as_json(facts: object) -> str:
    return json.dumps(facts, cls=DjangoJSONEncoder, ensure_ascii=False)


def json_lines(rows: Iterable[Facts]) -> Iterator[str]:
    """One JSON array, one row per line."""
    opening = "["
    for facts in rows:
        yield opening + as_json(facts)
        opening = ","
    yield "[]" if opening == "[" else "]"


def csv_rows(rows: Iterable[Facts]) -> Iterator[str]:
    """A heading and a line for each row, safe to open in a spreadsheet (SR-28); empty without rows."""
    rows = iter(rows)
    if (first := next(rows, None)) is None:
        return
    cells = ([_joined(value) for value in facts.values()] for facts in chain([first], rows))
    yield from csv_lines(first, cells)


def _joined(value: Any) -> Any:
    """A list of names as one cell."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def nobody_reads() -> None:
    """As in `manage.py list_users | head`: exit at once, since flushing buffers and cursors would only raise errors."""
    os._exit(0)


def lines_of(given: list[str]) -> list[str]:
    """The given names; for "-" the lines of standard input."""
    return given if given != ["-"] else [line.strip() for line in sys.stdin if line.strip()]


def given_secret(option: str) -> str:
    """The option itself; for "-" a line of standard input, since other users can see a command line."""
    return option if option != "-" else sys.stdin.readline().rstrip("\r\n")
