"""Which members mapped groups have otherwise than their SSO groups say: who would join, who would leave (R15, R28)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

from identity.db.lookups import any_of, any_of_parameter

Pair = tuple[int, int]  # a portal group and a user

# Which users the mappings bring into which groups.
BROUGHT = """
    SELECT gm.group_id, su.user_id FROM identity_groupmapping gm
      JOIN identity_ssomembership sm ON sm.sso_group_id = gm.sso_group_id
      JOIN identity_ssouser su ON su.id = sm.sso_user_id
"""


def moves_of_groups(group_ids: Collection[int]) -> tuple[set[Pair], set[Pair]]:
    """Who would join and leave these mapped groups: one statement, whose result is the differences alone."""
    if not group_ids:
        return set(), set()
    ids = any_of_parameter(connection, list(group_ids))
    held = f"SELECT group_id, user_id FROM identity_membership WHERE group_id {any_of(connection)}"  # noqa: S608 - fixed text
    return _moves(held, f"{BROUGHT} WHERE gm.group_id {any_of(connection)}", ids)


def moves_of_person(user_id: int) -> tuple[set[Pair], set[Pair]]:
    """Which mapped groups this user would join and leave: one statement."""
    held = """
        SELECT group_id, user_id FROM identity_membership
         WHERE user_id = %s AND group_id IN (SELECT group_id FROM identity_groupmapping)"""
    return _moves(held, f"{BROUGHT} WHERE su.user_id = %s", user_id)


def _moves(held: str, brought: str, parameter: Any) -> tuple[set[Pair], set[Pair]]:
    """By difference of two sets, each read once (as `memberships.follow_mappings` does it)."""
    sql = f"""
        SELECT 1, joining.* FROM ({brought} EXCEPT {held}) joining
         UNION ALL SELECT 0, leaving.* FROM ({held} EXCEPT {brought}) leaving"""  # noqa: S608 - fixed text
    with connection.cursor() as cursor:
        cursor.execute(sql, [parameter] * 4)
        rows = cursor.fetchall()
    joins, leaves = ({(group, user) for joins, group, user in rows if joins == side} for side in (1, 0))
    return joins, leaves
