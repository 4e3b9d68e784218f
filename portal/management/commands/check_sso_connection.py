"""`manage.py check_sso_connection`: whether people could sign in through it, as far as can be checked from here."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from portal.management.answers import cell
from portal.management.named_rows import find_sso_connection
from portal.management.operator_command import OperatorCommand, as_json
from portal.sso.check import check_connection, test_url


class Command(OperatorCommand):
    help = (
        "Tests an SSO connection: asks the identity provider for its discovery document and keys, looks at its "
        "certificates, and says how to mend each. Prints the address that plays a sign-in through in the browser of an "
        "administrator and signs no one in. Ends with 0 when all is well, with 1 when something needs a hand."
    )
    examples = "manage.py check_sso_connection okta-1f2e3d4c"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="as list_sso_connections shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        connection = find_sso_connection(options["slug"])
        findings = check_connection(connection)
        if options["as_json"]:
            rows = [{"check": one.check, "sentence": one.sentence, "mend": one.mend} for one in findings]
            self.stdout.write(as_json({"findings": rows, "test_url": test_url(connection)}))
        else:
            for finding in findings:
                self.stdout.write(f"{'ok' if finding.is_fine else '!!'}  {cell(finding.sentence)}")
                if finding.mend:
                    self.stdout.write(f"    → {finding.mend}")
            self.stdout.write(f"To play a sign-in through, open {test_url(connection)}")
        if not all(finding.is_fine for finding in findings):
            raise CommandError("The connection needs attention.")
