"""`manage.py list_provisioning_log`: what identity providers sent, and the outcome."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from identity.db.keyset import batches
from identity.models import ProvisioningLog
from portal.management.answers import Facts, name_of
from portal.management.moments import moment
from portal.management.named_rows import find_identity_provider, find_user
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = "Lists the provisioning log, the newest first: every SCIM write and every refusal, in words."
    examples = (
        "manage.py list_provisioning_log --since 2h --outcome refused\n"
        "manage.py list_provisioning_log --user grace --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=moment, metavar="WHEN", help="2026-11-25, 2026-11-25T08:00, 90m, 2h or 7d")
        parser.add_argument("--idp", metavar="NAME", help="of this identity provider")
        parser.add_argument("--user", metavar="USERNAME", help="about this user")
        parser.add_argument("--outcome", choices=ProvisioningLog.Outcome.values)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        rows = ProvisioningLog.objects.since(options["since"]) if options["since"] else ProvisioningLog.objects.all()
        for condition in conditions(options):
            rows = rows.filter(**condition)
        rows = rows.select_related("identity_provider").defer("asked")
        return (log_facts(row) for batch in batches(rows) for row in batch)


def conditions(options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if options["idp"]:
        yield {"identity_provider": find_identity_provider(options["idp"])}
    if options["user"]:
        yield {"user": find_user(options["user"])}
    if options["outcome"]:
        yield {"outcome": options["outcome"]}


def log_facts(row: ProvisioningLog) -> Facts:
    return {
        "id": row.pk,
        "at": row.at,
        "identity_provider": name_of(row.identity_provider),
        "method": row.method,
        "outcome": row.outcome,
        "status": row.status,
        "code": row.code,
        "summary": row.summary,
        "resource_id": row.resource_id,
        "request_id": row.request_id,
    }
