"""`manage.py list_bulk_runs`: actions on many people."""

from collections.abc import Iterable
from typing import Any

from identity.db.keyset import batches
from identity.models import BulkRun
from portal.management.answers import Facts
from portal.management.operator_command import ListCommand
from portal.management.row_facts import run_facts


class Command(ListCommand):
    help = "Lists the bulk actions, the newest first, with what became of their people so far."
    examples = "manage.py list_bulk_runs"

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        runs = BulkRun.objects.select_related("started_by")
        return (run_facts(run) for batch in batches(runs) for run in batch)
