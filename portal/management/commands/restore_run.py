"""`manage.py restore_run`: give back what a run of an identity provider took (R27)."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.queries.runs import find_run
from identity.services import runs
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import DestroyingCommand
from portal.management.row_facts import restoring_facts


class Command(DestroyingCommand):
    help = (
        "Gives back what a run of an identity provider took: who was disabled is enabled, memberships come back, and "
        "mappings with their SSO groups are declared anew. In mapped groups this lasts until the identity provider "
        "sends again. What has changed since is skipped and named. Shows what it would do, unless --yes is given. "
        "With --fingerprint it does exactly what was shown, and ends with 7 when that has changed meanwhile."
    )
    examples = "manage.py restore_run Okta 81733\nmanage.py restore_run Okta 81733 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", help="its name")
        parser.add_argument("run", type=int, help="its number, as list_runs shows it")
        parser.add_argument("--fingerprint", help="of the preview that was looked at")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["idp"])
        run = find_run(provider, options["run"])
        seen = options["fingerprint"] or runs.preview_restoring(run, actor=operator).fingerprint
        facts = restoring_facts(runs.restore_run(run, fingerprint=seen, actor=operator))
        return Answer(facts, f"What {runs.name_of(run, provider)} took is restored.", facts)
