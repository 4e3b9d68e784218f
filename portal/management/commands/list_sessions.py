"""`manage.py list_sessions`: where a user is signed in."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser

from portal.management.answers import Facts
from portal.management.named_rows import find_user
from portal.management.operator_command import ListCommand
from portal.management.row_facts import session_facts
from portal.session.sessions import sessions_of


class Command(ListCommand):
    help = "Lists where a user is signed in, the newest session first. end_session ends one, end_sessions all of them."
    examples = "manage.py list_sessions grace"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(session_facts, sessions_of(find_user(options["username"])))
