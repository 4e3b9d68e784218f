"""`manage.py replay`: what a recorded SCIM conversation does to this portal, or would do."""

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.template.defaultfilters import pluralize

from identity.core.actors import Operator
from identity.events import Event, Family
from identity.models import AuditEvent, ProvisioningLog
from identity.services import scim_tokens
from portal.management.answers import Answer, Facts, table_lines
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import DestroyingCommand, given_secret
from portal.replay.conversation import Exchange, UnreadableConversation, play, read
from portal.replay.matchers import Differs
from portal.replay.senders import InProcess, OverHTTP, Sender

LABEL = "manage.py replay"


class Command(DestroyingCommand):
    help = (
        "Plays recorded SCIM conversations (format idp-traffic/1, docs/replay.md) as an identity provider would: tells "
        "for each whether the answers are what it needs, and what became of it in the portal. Without --yes everything "
        "happens in one transaction that is rolled back. With --url the conversation goes to another portal over HTTP. "
        "Ends with 1 when an answer differs."
    )
    examples = (
        "manage.py replay --idp Okta tests/scim/idp_traffic/okta__provision-user.json --steps\n"
        "manage.py replay --idp Okta recorded/*.json --yes\n"
        "pass show scim | manage.py replay --url https://portal.example.com/scim/v2 --token - recorded/*.json --yes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="file")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--idp", metavar="NAME", help="play to this portal, as this identity provider")
        where.add_argument("--url", help="play to the SCIM base URL of another portal; needs --token and --yes")
        parser.add_argument("--token", metavar="SECRET", help="for --url; '-' reads it from standard input")
        parser.add_argument("--run", metavar="TEXT", help="what ${run} stands for (default: new each time)")
        parser.add_argument("--steps", action="store_true", help="show each request and how it was answered")

    def add_common_arguments(self, parser: CommandParser) -> None:
        super().add_common_arguments(parser)
        parser.add_argument("--apply", action="store_true", dest="yes", help="the same as --yes")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        documents = {file: read_file(file) for file in options["files"]}
        before = last_ids()
        with self.sender(operator, options) as sender:
            played = [self.play(file, document, sender, options) for file, document in documents.items()]
        failed = sum(not facts["passed"] for facts in played)
        facts = {"conversations": len(played), "failed": failed, "played": played, **outcome_since(before)}
        return Answer(facts, f"{len(played) - failed} of {len(played)} conversations went through.")

    def play(self, file: Path, document: dict[str, Any], sender: Sender, options: dict[str, Any]) -> Facts:
        exchanges: list[Exchange] = []
        difference = ""
        try:
            play(document, sender, run=options["run"] or f"r{secrets.token_hex(4)}", watch=exchanges.append)
        except Differs as error:
            difference = str(error)
        facts: Facts = {"file": file.name, "passed": not difference, "requests": len(exchanges)}
        if difference:
            facts["difference"] = difference
        if options["steps"]:
            facts["steps"] = [exchange_facts(exchange) for exchange in exchanges]
        return facts

    @contextmanager
    def sender(self, operator: Operator, options: dict[str, Any]) -> Iterator[Sender]:
        """In this process with a token that lasts only as long as the conversation, or over HTTP."""
        if options["url"]:
            client = over_http(options)
            yield client
            client.close()
            return
        provider = find_identity_provider(options["idp"])
        token, secret = scim_tokens.create_token(provider, label=LABEL, actor=operator)
        try:
            yield InProcess(secret)
        finally:
            scim_tokens.revoke_token(token, actor=operator)

    def print_answer(self, answer: Answer, options: dict[str, Any]) -> None:
        if not options["as_json"]:
            for line in answer_lines(answer.facts):
                self.stdout.write(line)
        super().print_answer(answer, options)
        if answer.facts["failed"]:
            failed = answer.facts["failed"]
            raise CommandError(f"{failed} conversation{pluralize(failed)} did not go through.")


def over_http(options: dict[str, Any]) -> OverHTTP:
    if not options["yes"]:
        raise CommandError("What goes over HTTP can't be rolled back: add --yes to send it.", returncode=2)
    if not options["token"]:
        raise CommandError("--url needs --token.", returncode=2)
    return OverHTTP(options["url"], given_secret(options["token"]))


def read_file(file: Path) -> dict[str, Any]:
    try:
        return read(file)
    except UnreadableConversation as error:
        raise CommandError(str(error)) from error


def exchange_facts(exchange: Exchange) -> Facts:
    return {
        "step": exchange.step,
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
    }


def last_ids() -> tuple[int, int]:
    return last_id(AuditEvent), last_id(ProvisioningLog)


def last_id(model: type[AuditEvent] | type[ProvisioningLog]) -> int:
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def outcome_since(before: tuple[int, int]) -> Facts:
    """The outcome in this portal: events by action, and the provisioning log's words."""
    events = AuditEvent.objects.filter(pk__gt=before[0]).exclude(action__in=Event.of(Family.SCIM_TOKEN))
    rows = ProvisioningLog.objects.filter(pk__gt=before[1]).order_by("pk")
    return {
        "events": dict(Counter(events.order_by("pk").values_list("action", flat=True))),
        "log": [{name: getattr(row, name) for name in ("method", "outcome", "status", "summary")} for row in rows],
    }


def answer_lines(facts: Facts) -> Iterator[str]:
    for conversation in facts["played"]:
        verdict = "PASS" if conversation["passed"] else "FAIL"
        yield f"{verdict}  {conversation['file']}  {conversation.get('difference', '')}".rstrip()
        yield from (f"      {line}" for line in table_lines(conversation.get("steps", [])))
    if facts["log"]:
        yield "What became of it:"
        yield from (f"  {line}" for line in table_lines(facts["log"]))
    for action, count in facts["events"].items():
        yield f"  {count} × {action}"
