"""`manage.py health_report`: what an operator looks at first, and whether something needs a hand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from identity import policy
from identity.actors import Operator
from identity.models import Conflict, IdentityProvider, SSOGroup, User
from portal.management.operator_command import OperatorCommand

SILENT_AFTER = timedelta(days=2)

Finding = tuple[bool, str]


class Command(OperatorCommand):
    help = (
        "Reports the state of the portal, one line each: the database, the mode, who can open the portal, "
        "identity providers and their last request, conflicts. Ends with 1 when a line needs attention."
    )
    examples = "manage.py health_report"

    def act(self, operator: Operator, options: dict[str, Any]) -> None:
        findings = list(all_findings())
        for fine, sentence in findings:
            self.stdout.write(f"{'ok' if fine else '!!'}  {sentence}")
        attention = sum(not fine for fine, _ in findings)
        if attention:
            raise CommandError(f"{attention} of {len(findings)} lines need attention.")


def all_findings() -> Iterator[Finding]:
    yield migrations()
    yield True, f"{policy.current_mode()}."
    yield owners()
    yield break_glass()
    yield mails()
    yield from providers()
    yield conflicts()
    yield True, f"{SSOGroup.objects.unmapped().count()} of {SSOGroup.objects.count()} SSO groups are not mapped."


def migrations() -> Finding:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    name = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    return not waiting, f"{name} answers; {len(waiting)} migrations wait to be applied."


def owners() -> Finding:
    count = User.objects.enabled_owners().count()
    return count > 0, f"{count} enabled owners."


def break_glass() -> Finding:
    count = User.objects.enabled_break_glass().count()
    return count > 0, f"{count} break-glass accounts that open the portal when SSO fails."


def mails() -> Finding:
    printed = settings.EMAIL_BACKEND.endswith("console.EmailBackend")
    return not printed, "Mails are only printed: set EMAIL_URL." if printed else "Mails leave the portal."


def providers() -> Iterator[Finding]:
    for provider in IdentityProvider.objects.all():
        used = [token.last_used_at for token in provider.scim_tokens.all() if token.last_used_at]
        if not used:
            yield False, f"{provider} has never sent anything."
            continue
        silent = timezone.now() - max(used)
        yield silent < SILENT_AFTER, f"{provider} was last heard of at {max(used):%Y-%m-%d %H:%M} UTC."


def conflicts() -> Finding:
    count = Conflict.objects.open().count()
    return count == 0, f"{count} conflicts wait for an administrator."
