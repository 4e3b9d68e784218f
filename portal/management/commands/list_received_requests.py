"""`manage.py list_received_requests`: the requests of a watched identity provider."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from identity.queries.received import Heard, heard_from
from portal.management.answers import Facts
from portal.management.named_rows import find_identity_provider
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = (
        "Lists the newest requests of an identity provider that is watched, in words, and those with an unknown token."
    )
    examples = "manage.py list_received_requests Okta"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(request_facts, heard_from(find_identity_provider(options["name"])))


def request_facts(heard: Heard) -> Facts:
    request = heard.request
    return {
        "at": request.at,
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "token_label": request.token_label,
        "address": request.address,
        "words": heard.words,
    }
