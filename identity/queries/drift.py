"""Where the portal has drifted from what identity providers last sent, while SCIM was off (R21).

Both sides of the mappings may hold millions of memberships, so they are compared in parts: each reads at most
`PART` of them, in index order, and returns where the next one begins. A caller that can wait reads them all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Count, Q

from identity.core.errors import InvalidValue
from identity.db.differing import Pair
from identity.db.replica import connection
from identity.models import Group, GroupMapping, User
from identity.queries.in_parts import InParts

PART = 5_000  # memberships
NAMED = 8  # people of a group listed by name; the others are a number
PERSON = ("id", "username", "first_name", "last_name")


class Side(StrEnum):
    """Which side is compared: the members of mapped groups, then the people SSO groups bring."""

    LEAVING = "leaving"
    JOINING = "joining"


class Position(NamedTuple):
    """The last membership compared: of a portal group (leaving) or through a mapping (joining)."""

    side: Side
    row: int  # of the portal group, or of the mapping
    person: int  # the user, or the SSO user

    def __str__(self) -> str:
        return f"{self.side}-{self.row}-{self.person}"

    @classmethod
    def read(cls, text: str) -> Position:
        """A position from its form in a URL. Raises InvalidValue."""
        side, *numbers = text.split("-")
        if side not in set(Side) or len(numbers) != 2 or not all(_is_number(number) for number in numbers):
            raise InvalidValue("after", "is no position: take it from the answer before")
        return cls(Side(side), *map(int, numbers))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


START = Position(Side.LEAVING, 0, 0)
_PAST_ALL = 2**62


# --- comparing mapped groups ---


@dataclass(slots=True)
class Moving:
    """How many join or leave a group, and the first ones found, by username."""

    count: int = 0
    named: list[User] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.named)


@dataclass(slots=True)
class Drift:
    """What following its SSO groups would change in a portal group."""

    group: Group
    joins: Moving
    leaves: Moving


@dataclass(slots=True)
class Met:
    """For a group and one side: how many, and the row ids of the first."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, user_id: int) -> None:
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append(user_id)


class PendingMove(NamedTuple):
    """A person who would leave a portal group or join it."""

    group_id: int
    user_id: int
    side: Side


@dataclass(slots=True)
class Comparison(InParts[list[PendingMove]]):
    """The findings of the parts compared so far; `position` is None when nothing remains."""

    position: Position | None = START
    compared: int = 0
    met: dict[tuple[int, Side], Met] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return self.position is None

    def go_on(self, most: int | None = None) -> list[PendingMove]:
        """Compare the next part, one statement for each side it touches; returns who moves in it."""
        left, moves = most or PART, []
        while self.position and left:
            rows = self._rows(self.position, left)
            moves += [PendingMove(row[0], row[1], self.position.side) for row in rows if row[2]]
            left -= self._pass(self.position.side, rows)
            if left:
                self.position = Position(Side.JOINING, 0, 0) if self.position.side is Side.LEAVING else None
        for move in moves:
            self.met.setdefault((move.group_id, move.side), Met()).add(move.user_id)
        return moves

    def _rows(self, after: Position, most: int) -> list[tuple[Any, ...]]:
        """From a side's next memberships: those who move, and the last one compared."""
        side, row, person = after
        with connection.cursor() as cursor:
            cursor.execute(_SQL[connection.vendor][side], {"row": row, "person": person, "most": most})
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _pass(self, side: Side, rows: list[tuple[Any, ...]]) -> int:
        """Record how far these rows reach; how many memberships that is."""
        if not rows:
            return 0
        *_, row, person, seen = rows[-1]
        self.position = Position(side, row, person)
        self.compared += seen
        return int(seen)

    @property
    def group_ids(self) -> set[int]:
        """The portal groups that differ, as far as compared."""
        return {group_id for group_id, _ in self.met}

    def drifts(self, most: int | None = None) -> list[Drift]:
        """The groups that differ, by name; two statements, none if nothing differs."""
        groups = Group.objects.filter(pk__in=self.group_ids).order_by("name_key")[:most] if self.met else []
        shown = {(group.pk, side): self.met.get((group.pk, side), Met()) for group in groups for side in Side}
        people = User.objects.only(*PERSON, "username_key").in_bulk(
            [user_id for met in shown.values() for user_id in met.first]
        )
        return [
            Drift(group, *(_moving(shown[group.pk, side], people) for side in (Side.JOINING, Side.LEAVING)))
            for group in groups
        ]

    @property
    def progress(self) -> tuple[int, int]:
        """How many portal groups and mappings are done, and of how many; one statement."""
        side, row, _ = self.position or Position(Side.JOINING, _PAST_ALL, 0)
        group_row, mapping_row = (row, 0) if side is Side.LEAVING else (_PAST_ALL, row)
        numbers = GroupMapping.objects.aggregate(
            groups=Count("group", distinct=True),
            groups_behind=Count("group", distinct=True, filter=Q(group__lt=group_row)),
            mappings=Count("pk"),
            mappings_behind=Count("pk", filter=Q(pk__lt=mapping_row)),
        )
        behind = numbers["groups_behind"] + numbers["mappings_behind"]
        return behind, numbers["groups"] + numbers["mappings"]

    # --- from one request to the next ---

    @property
    def so_far(self) -> dict[str, Any]:
        met = [[group_id, side, met.count, met.first] for (group_id, side), met in self.met.items()]
        return {"after": str(self.position or ""), "compared": self.compared, "met": met}

    @classmethod
    def resume(cls, so_far: dict[str, Any]) -> Comparison:
        position = Position.read(so_far["after"]) if so_far["after"] else None
        met = {(group_id, Side(side)): Met(count, first) for group_id, side, count, first in so_far["met"]}
        return cls(position, so_far["compared"], met)


def drifts() -> list[Drift]:
    """All groups that differ, by name; a statement for each `PART` memberships."""
    comparison = Comparison()
    deque(comparison.rest(), maxlen=0)
    return comparison.drifts()


def drifts_between(joins: Iterable[Pair], leaves: Iterable[Pair]) -> list[Drift]:
    """The same of moves that are known: pairs of a portal group and a user."""
    known = Comparison(position=None)
    for side, pairs in ((Side.JOINING, joins), (Side.LEAVING, leaves)):
        for group_id, user_id in sorted(pairs):
            known.met.setdefault((group_id, side), Met()).add(user_id)
    return known.drifts()


def _moving(met: Met, people: dict[int, User]) -> Moving:
    named = [people[user_id] for user_id in met.first if user_id in people]
    return Moving(met.count, sorted(named, key=lambda user: user.username_key))


# --- fixed SQL ---

# A part's memberships, by index alone. PostgreSQL would sort a whole group for its first rows unless told
# to take them group by group; SQLite does so by itself and has no LATERAL.
_SCANNED = {
    "postgresql": """
        SELECT o.id AS holder, o.group_id, i.person FROM {outer} o CROSS JOIN LATERAL (
            SELECT {person} AS person FROM {inner}
             WHERE {of} = o.source AND {person} > CASE WHEN o.id = %(row)s THEN %(person)s ELSE 0 END
             ORDER BY {person} LIMIT %(most)s
        ) i
        WHERE o.id >= %(row)s ORDER BY o.id, i.person LIMIT %(most)s""",
    "sqlite": """
        SELECT o.id AS holder, o.group_id, i.{person} AS person FROM {outer} o CROSS JOIN {inner} i
            ON i.{of} = o.source AND i.{person} > CASE WHEN o.id = %(row)s THEN %(person)s ELSE 0 END
        WHERE o.id >= %(row)s ORDER BY o.id, i.{person} LIMIT %(most)s""",
}
_MEMBERS = {
    "outer": """(
        SELECT id, id AS group_id, id AS source FROM identity_group
         WHERE id IN (SELECT group_id FROM identity_groupmapping))""",
    "inner": "identity_membership",
    "of": "group_id",
    "person": "user_id",
}
_BROUGHT = {
    "outer": "(SELECT id, group_id, sso_group_id AS source FROM identity_groupmapping)",
    "inner": "identity_ssomembership",
    "of": "sso_group_id",
    "person": "sso_user_id",
}
# Counted, not tested with EXISTS: PostgreSQL may answer that by hashing all memberships of all mapped groups.
# Everyone is counted once: a person in two SSO groups counts for the first mapping.
_JUDGED = {
    Side.LEAVING: """
        SELECT s.*, s.person AS user_id, 0 = (
            SELECT count(*) FROM identity_groupmapping b
              JOIN identity_ssomembership m ON m.sso_group_id = b.sso_group_id
             WHERE b.group_id = s.group_id AND m.sso_user_id = p.id
        ) AS is_moving FROM ({scanned}) s LEFT JOIN identity_ssouser p ON p.user_id = s.person""",
    Side.JOINING: """
        SELECT s.*, p.user_id, 0 = (
            SELECT count(*) FROM identity_membership m WHERE m.group_id = s.group_id AND m.user_id = p.user_id
        ) AND 0 = (
            SELECT count(*) FROM identity_groupmapping b
              JOIN identity_ssomembership m ON m.sso_group_id = b.sso_group_id
             WHERE b.group_id = s.group_id AND b.id < s.holder AND m.sso_user_id = s.person
        ) AS is_moving FROM ({scanned}) s JOIN identity_ssouser p ON p.id = s.person""",
}
# Those who move, and the last one compared.
_SQL = {
    vendor: {
        side: f"""
        SELECT group_id, user_id, is_moving, holder, person, seen FROM (
            SELECT j.*, count(*) OVER () AS seen, row_number() OVER (ORDER BY holder, person) AS place
              FROM ({_JUDGED[side].format(scanned=scanned.format(**parts))}) j
        ) placed WHERE is_moving OR place = seen ORDER BY place"""
        for side, parts in ((Side.LEAVING, _MEMBERS), (Side.JOINING, _BROUGHT))
    }
    for vendor, scanned in _SCANNED.items()
}
