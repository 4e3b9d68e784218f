"""`manage.py prune_records`: delete records older than their retention period."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.services import retention
from portal.management.answers import Answer
from portal.management.operator_command import OperatorCommand
from portal.session import store

MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: the option for its retention in days, and how to count and delete what is older."""

    name: str
    words: str
    days: str
    count: Callable[[timedelta], int]
    prune: Callable[..., int]


KINDS = (
    Kind(
        "provisioning_log",
        "rows of the provisioning log",
        "log_days",
        retention.old_log_rows,
        retention.prune_provisioning_log,
    ),
    Kind("bulk_actions", "bulk actions", "log_days", retention.old_bulk_runs, retention.prune_bulk_runs),
    Kind(
        "personal_values",
        "audit events' personal values",
        "personal_data_days",
        retention.old_personal_values,
        retention.erase_old_personal_values,
    ),
)


class Command(OperatorCommand):
    help = (
        "Deletes rows of the provisioning log and results of bulk actions, and erases the names, emails and addresses "
        "in audit events, that are older than the portal keeps them: PROVISIONING_LOG_DAYS and "
        "AUDIT_PERSONAL_DATA_DAYS in the environment, or the options; 0 keeps them for good. Audit events themselves "
        "are append-only and stay. Sessions that have expired go, too. Counts and changes nothing, unless --yes is "
        "given: run it with --yes once a day."
    )
    examples = "manage.py prune_records\nmanage.py prune_records --log-days 90 --personal-data-days 730 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--log-days", type=int, default=settings.PROVISIONING_LOG_DAYS, metavar="N")
        parser.add_argument("--personal-data-days", type=int, default=settings.AUDIT_PERSONAL_DATA_DAYS, metavar="N")
        parser.add_argument("--yes", action="store_true", help="really do it; without, it only counts")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        given = options["log_days"], options["personal_data_days"]
        if min(given) < 0 or max(given) > MOST_DAYS:
            raise CommandError(f"A number of days is 1 to {MOST_DAYS:,}, or 0 for good.")
        really = options["yes"]
        found = [(kind, options[kind.days], self.let_go(kind, options[kind.days], operator, really)) for kind in KINDS]
        facts = {kind.name: number for kind, _, number in found}
        text = "\n".join(sentence(*what, really=really) for what in found)
        ended = self.sessions(really)
        text += f"\n{'Deleted' if really else 'Would delete'} {ended} sessions that have expired."
        return Answer({"dry_run": not really, **facts, "expired_sessions": ended}, text)

    def sessions(self, really: bool) -> int:
        """Expired ones, however long ago; the portal deletes them by itself while it is used."""
        number = store.expired()
        if really:
            store.SessionStore.clear_expired()
        return number

    def let_go(self, kind: Kind, days: int, operator: Operator, really: bool) -> int:
        """How many were deleted, or would be."""
        if not days:
            return 0
        age = timedelta(days=days)
        return kind.prune(age, actor=operator) if really else kind.count(age)


def sentence(kind: Kind, days: int, number: int, *, really: bool) -> str:
    if not days:
        return f"{kind.words.capitalize()} are kept for good."
    return f"{'Deleted' if really else 'Would delete'} {number} {kind.words} older than {days} days."
