"""`manage.py prune_records`: delete records older than their retention period."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.core.periods import MOST_DAYS
from identity.services import retention
from identity.services.retention import Record
from portal.management.answers import Answer
from portal.management.operator_command import OperatorCommand
from portal.session import store

OPTIONS = {
    "provisioning_log": "log_days",
    "requests": "request_days",
    "bulk_actions": "log_days",
    "personal_values": "personal_data_days",
}


class Command(OperatorCommand):
    help = (
        "Deletes rows of the provisioning log and results of bulk actions, and erases what was sent in rows that stay, "
        "and the names, emails and addresses in audit events, that are older than the portal keeps them (`manage.py "
        "list_retention`), or than the options say; 0 keeps them for good. Audit events themselves are append-only and "
        "stay. Sessions that have expired go, too. Counts and changes nothing, unless --yes is given. The portal does "
        "this by itself every night (`manage.py list_scheduled_jobs`)."
    )
    examples = "manage.py prune_records\nmanage.py prune_records --log-days 90 --personal-data-days 730 --yes"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--log-days", type=int, metavar="N")
        parser.add_argument("--request-days", type=int, metavar="N")
        parser.add_argument("--personal-data-days", type=int, metavar="N")
        parser.add_argument("--yes", action="store_true", help="really do it; without, it only counts")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        asked = [(period.record, _days(period, options)) for period in retention.periods()]
        if any(not 0 <= days <= MOST_DAYS for _, days in asked):
            raise CommandError(f"A number of days is 1 to {MOST_DAYS:,}, or 0 for good.")
        really = options["yes"]
        found = [(record, days, self.let_go(record, days, operator, really)) for record, days in asked]
        facts = {record.name: number for record, _, number in found}
        text = "\n".join(sentence(*what, really=really) for what in found)
        ended = self.sessions(really)
        text += f"\n{'Deleted' if really else 'Would delete'} {ended} sessions that have expired."
        return Answer({"dry_run": not really, **facts, "expired_sessions": ended}, text)

    def sessions(self, really: bool) -> int:
        """Expired ones, however long ago."""
        return store.delete_expired() if really else store.expired()

    def let_go(self, record: Record, days: int, operator: Operator, really: bool) -> int:
        """How many were deleted, or would be."""
        if not days:
            return 0
        age = timedelta(days=days)
        return record.prune(age, actor=operator) if really else record.count(age)


def _days(period: retention.Period, options: dict[str, Any]) -> int:
    given: int | None = options[OPTIONS[period.record.name]]
    return period.days if given is None else given


def sentence(record: Record, days: int, number: int, *, really: bool) -> str:
    if not days:
        return f"{record.words.capitalize()} are kept for good."
    return f"{'Deleted' if really else 'Would delete'} {number} {record.words} older than {days} days."
