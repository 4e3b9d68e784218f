"""`manage.py show_run`: what one run of an identity provider did."""

from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from identity.queries.runs import find_run, story_of
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import OperatorCommand
from portal.management.row_facts import story_facts


class Command(OperatorCommand):
    help = (
        "Shows what a run of an identity provider did: who was created, disabled, removed or moved between groups, and "
        "which mappings were lost. list_runs shows the numbers of runs; that of any entry of the provisioning log "
        "leads to its run."
    )
    examples = "manage.py show_run Okta 81733"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", help="its name")
        parser.add_argument("run", type=int)

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        return Answer.of(story_facts(story_of(find_run(find_identity_provider(options["idp"]), options["run"]))))
