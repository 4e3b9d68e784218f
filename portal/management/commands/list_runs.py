"""`manage.py list_runs`: the runs of an identity provider, latest first."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from identity.queries.runs import CountedRun, runs_of
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.row_facts import provider_run_facts


class Command(ListCommand):
    help = (
        "Lists the runs of an identity provider: its writes without a pause of 15 minutes, latest first, with the "
        "number of requests of each kind. Where it makes no pause for a whole day (UTC), a run ends with that day."
    )
    examples = "manage.py list_runs Okta --limit 5\nmanage.py list_runs Okta --csv > runs.csv"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("idp", help="its name")
        parser.add_argument("--limit", type=int, metavar="N", help="only the latest ones")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(provider_run_facts, _runs(options["idp"], options["limit"]))


def _runs(idp: str, limit: int | None) -> Iterator[CountedRun]:
    provider, before, left = find_identity_provider(idp), None, limit
    while before != 0 and (left is None or left > 0):
        found = runs_of(provider, before, most=min(left or 50, 50))
        yield from found.runs
        before, left = found.before, None if left is None else left - len(found.runs)
