"""`manage.py list_moves`: who joined and who left groups by one event."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.core.management.base import CommandParser

from identity.queries.moves import Move, every_move
from portal.management.answers import Facts
from portal.management.named_rows import find_event
from portal.management.operator_command import ListCommand


class Command(ListCommand):
    help = (
        "Lists who left and who joined groups by one event that moved many: a group push, a mapping, a deletion. "
        "show_user and export_audit_events give the numbers of events."
    )
    examples = "manage.py list_moves 81733"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("event", type=int)

    def rows(self, options: dict[str, Any]) -> Iterable[Facts]:
        return map(move_facts, _moves(find_event(options["event"]).pk))


def _moves(event_id: int) -> Iterator[Move]:
    return chain(every_move(event_id, has_joined=False), every_move(event_id, has_joined=True))


def move_facts(move: Move) -> Facts:
    return {
        "change": "joined" if move.change.joined else "left",
        "user": move.who,
        "username": move.user and move.user.username,
        "group": move.where,
        "user_id": move.change.user_id,
        "group_id": move.change.group_id,
    }
