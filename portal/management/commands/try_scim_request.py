"""`manage.py try_scim_request`: what a SCIM request would be answered, and what it would change."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from identity.core.actors import Operator
from identity.models import ProvisioningLog
from identity.queries.sent_requests import sent_with
from portal.management.answers import Answer
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import OperatorCommand
from portal.tryout.consequences import Consequences
from portal.tryout.trials import METHODS, try_request


class Command(OperatorCommand):
    help = (
        "Answers a SCIM request as if an identity provider had sent it, says what it would change, and rolls it back: "
        "nothing is changed, no mail is sent, and the logs stay as they are. With SCIM off, or while the identity "
        "provider is paused, it says what would happen otherwise. With --entry the request is the one that a row of "
        "the provisioning log keeps."
    )
    examples = (
        "manage.py try_scim_request Okta DELETE /Users/7d5b8ff8-4a3c-4d0e-9d4c-5f8f4f0f9d11\n"
        "manage.py try_scim_request Okta POST /Users --body user.json\n"
        "manage.py try_scim_request Okta --entry 4711"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the identity provider")
        parser.add_argument("method", nargs="?", choices=METHODS)
        parser.add_argument("path", nargs="?", help="below the SCIM base URL")
        parser.add_argument("--body", metavar="FILE", help="a file with the JSON; '-' reads it from standard input")
        parser.add_argument("--entry", type=int, metavar="ID", help="as list_provisioning_log shows it")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        provider = find_identity_provider(options["name"])
        asked = of_entry(options["entry"]) if options["entry"] else of_options(options)
        trial = try_request(provider, **asked, actor=operator)
        facts = {
            "method": trial.method,
            "path": trial.path,
            "status": trial.status,
            "answer": trial.answer,
            "caution": trial.caution,
            **facts_of(trial.consequences),
        }
        lines = [f"{trial.status} {trial.reason}", trial.answer_text, *lines_of(trial.consequences), trial.caution]
        return Answer(facts, "\n".join(filter(None, lines)))


def of_options(options: dict[str, Any]) -> dict[str, Any]:
    if not options["method"] or not options["path"]:
        raise CommandError("Say a method and a path, or --entry.", returncode=2)
    return {"method": options["method"], "path": options["path"], "body": body_of(options["body"])}


def body_of(file: str | None) -> Any:
    if file is None:
        return None
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} is no JSON: {error}") from error


def of_entry(pk: int) -> dict[str, Any]:
    row = ProvisioningLog.objects.filter(pk=pk).first()
    sent = sent_with(row) if row else None
    if row is None or sent is None:
        raise CommandError(f"What was sent with row {pk} of the provisioning log is not kept.")
    return {"method": row.method, "path": sent.asked.path, "body": sent.asked.body}


def facts_of(consequences: Consequences) -> dict[str, Any]:
    return {
        "log": [{"outcome": line.outcome, "status": line.status, "summary": line.summary} for line in consequences.log],
        "changes": [
            {
                "action": change.action,
                "subject": change.subject,
                "details": list(change.details),
                "joined": list(change.joined),
                "left": list(change.left),
            }
            for change in consequences.changes
        ],
        "conflicts": list(consequences.conflicts),
    }


def lines_of(consequences: Consequences) -> Iterator[str]:
    yield "Nothing would change." if consequences.are_none else "What would happen:"
    for change in consequences.changes:
        yield f"  {change.words}{f': {change.subject}' if change.subject else ''}"
        yield from (f"    {detail}" for detail in change.details)
        yield from (f"    leaves: {move}" for move in change.left)
        yield from (f"    joins: {move}" for move in change.joined)
    yield from (f"  Conflict: {conflict}" for conflict in consequences.conflicts)
    yield from (f"  {line.label}: {line.summary}" for line in consequences.log)
