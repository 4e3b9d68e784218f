"""`manage.py doctor`: what an operator checks first, and how to fix it."""

from typing import Any

from django.core.management.base import CommandError

from identity.core.actors import Operator
from portal.doctor import examine
from portal.management.answers import cell
from portal.management.operator_command import OperatorCommand, as_json


class Command(OperatorCommand):
    help = (
        "Examines the portal: configuration, database, migrations, a write that leaves nothing, indexes, mail server, "
        "clocks, certificates, who can open it, identity providers that have gone silent, conflicts, background and "
        "scheduled work, sealed secrets, what was left over, and where the portal differs from what the identity "
        "providers said last. Says how to mend each. Ends with 0 when all is well, with 1 when something needs a hand; "
        "with --json each line has a code that stays (docs/monitoring.md)."
    )
    examples = "manage.py doctor\nmanage.py doctor --json | jq '.findings[] | select(.status == \"attention\")'"

    requires_system_checks: list[str] | tuple[str, ...] = ()  # it runs them itself, and must not stop at them

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        findings = list(examine())
        attention = sum(not finding.is_fine for finding in findings)
        if options["as_json"]:
            rows = [
                {"check": one.check, "status": one.status, "sentence": one.sentence, "mend": one.mend}
                for one in findings
            ]
            self.stdout.write(as_json({"attention": attention, "findings": rows}))
        else:
            for finding in findings:
                self.stdout.write(f"{'ok' if finding.is_fine else '!!'}  {cell(finding.sentence)}")
                if finding.mend:
                    self.stdout.write(f"    → {finding.mend}")
        if attention:
            raise CommandError(f"{attention} of {len(findings)} lines need{'s' if attention == 1 else ''} attention.")
