"""Who joined and who left by an event that moved many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count

from identity.db.keyset import Keyset, batches
from identity.models import Group, MembershipChange, User

NAMES_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Move:
    """A person who joined or left a group; deleted accounts and groups are shown by number."""

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
    """How many an event moved, and the first of them, leavers first."""

    joined: int
    left: int
    moves: list[Move]

    @property
    def more(self) -> int:
        return self.joined + self.left - len(self.moves)


def moved_by(event_id: int | None) -> Moved | None:
    """What an event moved, in four statements; None if it moved no one."""
    if event_id is None:
        return None
    changes = MembershipChange.objects.filter(event_id=event_id)
    numbers = dict(changes.values_list("joined").annotate(number=Count("pk")))
    if not numbers:
        return None
    first = changes.order_by("joined", "pk")[:NAMES_SHOWN]
    return Moved(numbers.get(True, 0), numbers.get(False, 0), as_moves(list(first)))


def every_move(event_id: int, has_joined: bool) -> Iterator[Move]:
    """Everyone who joined by an event, or everyone who left; a thousand at a time."""
    for batch in batches(MembershipChange.objects.filter(event_id=event_id, joined=has_joined), Keyset()):
        yield from as_moves(batch)


def as_moves(changes: Sequence[MembershipChange]) -> list[Move]:
    users = User.objects.in_bulk({change.user_id for change in changes})
    groups = Group.objects.in_bulk({change.group_id for change in changes})
    return [Move(change, users.get(change.user_id), groups.get(change.group_id)) for change in changes]
