"""Where mapped groups have moved away from their SSO groups, while SCIM was off (R21)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection

from identity.models import Group, User

NAMED = 8  # people of a group by name; the others are a number
PERSON = ("id", "username", "first_name", "last_name")


@dataclass(slots=True)
class Moving:
    """How many join or leave a group, and the first of them by username."""

    count: int = 0
    named: list[User] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.count - len(self.named)


@dataclass(slots=True)
class Drift:
    """What following its SSO groups would do to a portal group."""

    group: Group
    joins: Moving = field(default_factory=Moving)
    leaves: Moving = field(default_factory=Moving)


def drifts() -> list[Drift]:
    """The groups that differ, by name; three statements, whatever their number."""
    joining, leaving = _first(_JOINING), _first(_LEAVING)
    groups = Group.objects.in_bulk(joining.keys() | leaving.keys())
    found = [Drift(group, joining.get(pk, Moving()), leaving.get(pk, Moving())) for pk, group in groups.items()]
    return sorted(found, key=lambda drift: drift.group.name_key)


def _first(moving: str) -> dict[int, Moving]:
    """The number and the first few of each group."""
    found: dict[int, Moving] = defaultdict(Moving)
    with connection.cursor() as cursor:
        cursor.execute(_PLACED.format(moving=moving), [NAMED])
        for group, number, *columns in cursor.fetchall():
            found[group].count = number
            found[group].named.append(User(**dict(zip(PERSON, columns, strict=True))))
    return found


_BROUGHT = """
    SELECT 1 FROM identity_groupmapping b
    JOIN identity_ssomembership s ON s.sso_group_id = b.sso_group_id
    JOIN identity_ssouser p ON p.id = s.sso_user_id
    WHERE b.group_id = m.group_id AND p.user_id = m.user_id
"""
_JOINING = """
    SELECT DISTINCT b.group_id, p.user_id FROM identity_groupmapping b
    JOIN identity_ssomembership s ON s.sso_group_id = b.sso_group_id
    JOIN identity_ssouser p ON p.id = s.sso_user_id
    LEFT JOIN identity_membership m ON m.group_id = b.group_id AND m.user_id = p.user_id
    WHERE m.id IS NULL
"""
_LEAVING = f"""
    SELECT m.group_id, m.user_id FROM identity_membership m
    WHERE m.group_id IN (SELECT group_id FROM identity_groupmapping) AND NOT EXISTS ({_BROUGHT})
"""
_PLACED = """
    SELECT group_id, number, id, username, first_name, last_name FROM (
        SELECT moving.group_id, u.id, u.username, u.first_name, u.last_name,
            count(*) OVER (PARTITION BY moving.group_id) AS number,
            row_number() OVER (PARTITION BY moving.group_id ORDER BY u.username_key) AS place
        FROM ({moving}) moving JOIN identity_user u ON u.id = moving.user_id
    ) placed WHERE place <= %s ORDER BY group_id, place
"""
