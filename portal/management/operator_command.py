"""What the portal's own commands have in common: who acts, what `--help` shows, how a refusal ends."""

import textwrap
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from identity.actors import Operator
from identity.errors import (
    GatehouseError,
    InvalidValue,
    NotFound,
    Outdated,
    Refused,
    Taken,
)

# 1 is any other failure and 2 a wrong option (argparse). Scripts rely on these: keep them.
EXIT_CODES: dict[type[GatehouseError], int] = {
    NotFound: 3,
    Taken: 4,
    Refused: 5,
    InvalidValue: 6,
    Outdated: 7,
}

EXAMPLES = "examples:\n"


def exit_code(error: GatehouseError) -> int:
    """The exit code of a refusal: that of the nearest class in the table."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


class HelpFormatter(DjangoHelpFormatter):
    """Wraps what is prose and leaves the examples as they were written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(EXAMPLES):
            return textwrap.indent(text, indent)
        return super()._fill_text(text, width, indent)


class OperatorCommand(BaseCommand):
    """A command of somebody with a shell on the server. Results go to stdout, everything else to stderr.

    Subclasses implement `act`; a GatehouseError raised there becomes its sentence on stderr and an exit code.
    """

    examples: ClassVar[str]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            formatter_class=HelpFormatter,
            epilog=EXAMPLES + textwrap.indent(self.examples, "  "),
            **kwargs,
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.act(Operator(self.name), options)
        except GatehouseError as error:
            raise CommandError(error.sentence, returncode=exit_code(error)) from error

    @property
    def name(self) -> str:
        """The command's name, as audit events show it."""
        return type(self).__module__.rpartition(".")[2]

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        raise NotImplementedError

    def tell(self, sentence: str) -> None:
        """Say something to the person, beside the result."""
        self.stderr.write(sentence)
