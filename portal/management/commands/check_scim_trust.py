"""`manage.py check_scim_trust`: which checks an assertion passes."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from portal.management.named_rows import find_scim_trust
from portal.management.operator_command import OperatorCommand, as_json
from portal.oauth.check import check_assertion


class Command(OperatorCommand):
    help = (
        "Reads an assertion from standard input and checks it against a SCIM trust, without issuing a token or using "
        "the assertion up. Ends with 0 when all is well, with 1 when a check fails."
    )
    examples = "manage.py check_scim_trust 2 < assertion.jwt"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="as list_scim_trusts shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        found = check_assertion(find_scim_trust(options["id"]), sys.stdin.read())
        if options["as_json"]:
            rows = [{"check": one.check, "is_fine": one.is_fine, "sentence": one.sentence} for one in found]
            self.stdout.write(as_json({"findings": rows}))
        else:
            for one in found:
                self.stdout.write(f"{'ok' if one.is_fine else '!!'}  {one.title}: {one.sentence}")
        if not all(one.is_fine for one in found):
            raise CommandError("The assertion would be refused.")
