"""`manage.py mismatch_report`: before go-live, which accounts an identity provider's userNames match (R5, R6)."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from identity.queries.mismatch_tally import Numbers
from identity.queries.mismatches import Match, Pairing, Sent, find_mismatches, what_arrived
from portal.exchange.csv_in import read_names
from portal.management.answers import Facts
from portal.management.files import read_file
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand
from portal.management.progress import progress


class Command(ListCommand):
    help = (
        "Compares userNames of an identity provider with the portal's accounts, before its first push or after: exact "
        "matches, names that differ in case, the part before the @ against a full email, the same email under another "
        "username, and no match. Lists what is not in order; --all lists everything. Nothing is changed."
    )
    examples = (
        "manage.py mismatch_report names.txt\n"
        "manage.py mismatch_report export.csv --all --json\n"
        "manage.py mismatch_report --idp Okta"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "file",
            nargs="?",
            help="a userName a line, with the email after a comma if known; or CSV with headings; '-': standard input",
        )
        where.add_argument("--idp", metavar="NAME", help="what this identity provider has sent")
        parser.add_argument("--all", action="store_true", help="list what is in order as well")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        names = read(options)
        return self.counted(progress(find_mismatches(names), total=len(names), unit="names"), everything=options["all"])

    def counted(self, findings: Iterable[Pairing], *, everything: bool) -> Iterator[Facts]:
        """The rows; after the last one, the number of each kind."""
        numbers = Numbers()
        for finding in findings:
            numbers.add(finding)
            if everything or not finding.is_in_order:
                yield finding_facts(finding)
        self.tell("; ".join(f"{match.label}: {numbers.by_match[match]}" for match in Match))


def read(options: dict[str, Any]) -> list[Sent]:
    if options["idp"]:
        return list(what_arrived(find_identity_provider(options["idp"])))
    return read_file(options["file"], read_names)


def finding_facts(finding: Pairing) -> Facts:
    user = finding.user
    return {
        "user_name": finding.sent.user_name,
        "sent_email": finding.sent.email or None,
        "match": finding.match,
        "is_in_order": finding.is_in_order,
        "username": user and user.username,
        "email": user and user.email,
        "managed_by": user and user.managed_by and user.managed_by.name,
        "meaning": finding.meaning,
    }
