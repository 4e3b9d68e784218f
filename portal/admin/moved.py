"""Who joined and who left by an event that moved many: on its page, on the page of the request, and as CSV.

And who would, by a draft of a mapping, as CSV.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count

from identity.models import Group, MembershipChange, User
from identity.services.mappings import Preview
from portal.exports import csv_lines

NAMES_SHOWN = 100
ROWS_AT_ONCE = 1_000
DRAFT_HEADER = ("Would", "Username", "Name", "Email", "Status", "User id")
CSV_HEADER = ("Moved", "Username", "Name", "Email", "Group", "User id", "Group id")


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody who joined or left a group; accounts and groups that are gone are told by their numbers."""

    change: MembershipChange
    user: User | None
    group: Group | None

    @property
    def who(self) -> str:
        return self.user.display_name if self.user else f"user {self.change.user_id} (deleted)"

    @property
    def where(self) -> str:
        return str(self.group) if self.group else f"group {self.change.group_id} (deleted)"

    def cells(self) -> tuple[object, ...]:
        user, change = self.user, self.change
        return (
            "joined" if change.joined else "left",
            user.username if user else "",
            self.who,
            user.email if user else "",
            self.where,
            change.user_id,
            change.group_id,
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """How many an event moved, and the first of them: who left comes first."""

    joined: int
    left: int
    moves: list[Move]

    @property
    def more(self) -> int:
        return self.joined + self.left - len(self.moves)


def moved_by(event_id: int | None) -> Moved | None:
    """What an event moved, in four statements; None when it moved nobody."""
    if event_id is None:
        return None
    changes = MembershipChange.objects.filter(event_id=event_id)
    numbers = dict(changes.values_list("joined").annotate(number=Count("pk")))
    if not numbers:
        return None
    first = changes.order_by("joined", "pk")[:NAMES_SHOWN]
    return Moved(numbers.get(True, 0), numbers.get(False, 0), _moves(list(first)))


def moved_lines(event_id: int) -> Iterator[str]:
    """Everybody whom an event moved as CSV, who left first; a thousand at a time."""
    return csv_lines(CSV_HEADER, (move.cells() for has_joined in (False, True) for move in _all(event_id, has_joined)))


def _all(event_id: int, has_joined: bool) -> Iterator[Move]:
    rows, last = MembershipChange.objects.filter(event_id=event_id, joined=has_joined).order_by("pk"), 0
    while found := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield from _moves(found)
        last = found[-1].pk


def _moves(changes: Sequence[MembershipChange]) -> list[Move]:
    users = User.objects.in_bulk({change.user_id for change in changes})
    groups = Group.objects.in_bulk({change.group_id for change in changes})
    return [Move(change, users.get(change.user_id), groups.get(change.group_id)) for change in changes]


def draft_lines(preview: Preview) -> Iterator[str]:
    """Everybody whom a draft names as CSV, who would leave first; a thousand at a time."""
    sides = (("leave", preview.leave_ids), ("join", preview.join_ids), ("stay", preview.stay_ids))
    rows = (
        (would, user.username, user.display_name, user.email, user.status, user.pk)
        for would, ids in sides
        for user in _people(sorted(ids))
    )
    return csv_lines(DRAFT_HEADER, rows)


def _people(ids: list[int]) -> Iterator[User]:
    for at in range(0, len(ids), ROWS_AT_ONCE):
        yield from User.objects.filter(pk__any_of=ids[at : at + ROWS_AT_ONCE]).order_by("pk")
