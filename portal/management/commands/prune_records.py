"""`manage.py prune_records`: let go of records that are older than the portal keeps them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from identity.actors import Operator
from identity.services import retention
from portal.management.operator_command import OperatorCommand


@dataclass(frozen=True, slots=True)
class Kept:
    """A kind of record, for how many days it is kept (0: for good), and how to count and to let go of the rest."""

    days: int
    count: Callable[[timedelta], int]
    prune: Callable[..., int]
    words: str


class Command(OperatorCommand):
    help = (
        "Deletes rows of the provisioning log, and erases the names, usernames and emails in audit events, that are "
        "older than the portal keeps them: PROVISIONING_LOG_DAYS and AUDIT_PERSONAL_DATA_DAYS in the environment, "
        "or the options. Audit events themselves are append-only and stay. Says what would go and changes nothing, "
        "unless --yes is given: run it with --yes once a day."
    )
    examples = "manage.py prune_records\nmanage.py prune_records --log-days 90 --personal-data-days 730 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--log-days", type=int, default=settings.PROVISIONING_LOG_DAYS, metavar="N")
        parser.add_argument("--personal-data-days", type=int, default=settings.AUDIT_PERSONAL_DATA_DAYS, metavar="N")
        parser.add_argument("--yes", action="store_true", help="really delete")

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        if min(options["log_days"], options["personal_data_days"]) < 0:
            raise CommandError("A number of days is 1 or more, or 0 for good.")
        log = Kept(
            options["log_days"],
            retention.old_log_rows,
            retention.prune_provisioning_log,
            "rows of the provisioning log",
        )
        values = Kept(
            options["personal_data_days"],
            retention.old_personal_values,
            retention.erase_old_personal_values,
            "audit events' personal values",
        )
        for kept in (log, values):
            self.stdout.write(self.let_go(kept, operator, really=options["yes"]))

    def let_go(self, kept: Kept, operator: Operator, *, really: bool) -> str:
        """Count or delete; the sentence that says so."""
        if not kept.days:
            return f"{kept.words.capitalize()} are kept for good."
        age = timedelta(days=kept.days)
        number = kept.prune(age, actor=operator) if really else kept.count(age)
        return f"{'Deleted' if really else 'Would delete'} {number} {kept.words} older than {kept.days} days."
