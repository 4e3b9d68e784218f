"""How many of each mapping's pushed members have arrived (R15), and who would leave with its SSO group (R17).

A list counts the smallest mappings and shows for the others the sizes of both sides, read from the indexes; a group's
page counts larger ones too. Very large groups are not counted: a page must not wait for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.db.models import OuterRef, QuerySet

from identity.db.counting import count_up_to
from identity.db.lookups import any_of, any_of_parameter
from identity.db.replica import connection
from identity.models import GroupMapping, Membership, SSOMembership, Status

MOST_IN_A_LIST = 1_000
MOST_COUNTED_IN_A_LIST = 2_000  # members of all its mappings together
MOST_ON_A_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Completeness:
    """Members pushed, how many of them are in the group or disabled, and who would leave; None: not counted."""

    mapping: GroupMapping
    pushed: int | None = None
    applied: int | None = None
    disabled: int | None = None
    leaving: int | None = None

    @property
    def is_complete(self) -> bool:
        return self.pushed is not None and self.pushed == self.applied

    @property
    def is_incomplete(self) -> bool:
        """Whether pushed members are known to be missing: by count, or as the group is smaller than the push."""
        if self.pushed is not None:
            return not self.is_complete
        mapping: Any = self.mapping
        return bool(mapping.members_size < mapping.pushed_size)


# Fixed SQL: joins the membership of exactly this user in exactly this group, and counts three things at once.
_COUNTED = "COUNT(sm.id), COUNT(ms.id), COALESCE(SUM(CASE WHEN u.status = %s THEN 1 ELSE 0 END), 0)"
_JOINED = """
      LEFT JOIN identity_ssouser su ON su.id = sm.sso_user_id
      LEFT JOIN identity_user u ON u.id = su.user_id
      LEFT JOIN identity_membership ms ON ms.group_id = gm.group_id AND ms.user_id = su.user_id
"""
_COUNTS = {
    # By index, mapping by mapping: joined all at once, it would read the tables of all users.
    "postgresql": """
        SELECT gm.id, found.*, {leaving} FROM identity_groupmapping gm CROSS JOIN LATERAL (
            SELECT {counted} FROM identity_ssomembership sm {joined} WHERE sm.sso_group_id = gm.sso_group_id
        ) AS found WHERE gm.id {any_of}""",
    "sqlite": """
        SELECT gm.id, {counted}, {leaving} FROM identity_groupmapping gm
          LEFT JOIN identity_ssomembership sm ON sm.sso_group_id = gm.sso_group_id {joined}
         WHERE gm.id {any_of} GROUP BY gm.id""",
}
_LEAVING = """(
    SELECT COUNT(*) FROM identity_membership m WHERE m.group_id = gm.group_id AND NOT EXISTS (
        SELECT 1 FROM identity_ssouser held
          JOIN identity_ssomembership kept ON kept.sso_user_id = held.id
          JOIN identity_groupmapping other ON other.sso_group_id = kept.sso_group_id
         WHERE held.user_id = m.user_id AND other.group_id = gm.group_id AND other.id <> gm.id
    ))"""


def with_sizes(rows: QuerySet[GroupMapping], *, most: int) -> QuerySet[GroupMapping]:
    """Mappings with the number of members on either side, by index and up to `most` + 1."""
    pushed = SSOMembership.objects.filter(sso_group=OuterRef("sso_group"))
    members = Membership.objects.filter(group=OuterRef("group"))
    return rows.annotate(pushed_size=count_up_to(most, pushed), members_size=count_up_to(most, members))


def completeness_of(rows: QuerySet[GroupMapping], *, most: int) -> list[Completeness]:
    """The counts of these mappings, in two statements; none for those with more than `most` people."""
    mappings: list[Any] = list(with_sizes(rows, most=most))
    return _completeness(mappings, [row.pk for row in mappings if max(row.pushed_size, row.members_size) <= most])


def completeness_in_list(mappings: list[Any], *, most: int) -> list[Completeness]:
    """The counts of mappings whose sizes are known, smallest first, up to `most` members in total."""
    known = [row for row in mappings if max(row.pushed_size, row.members_size) <= MOST_IN_A_LIST]
    by_size = sorted(known, key=lambda row: row.pushed_size + row.members_size)
    together = accumulate(row.pushed_size + row.members_size for row in by_size)
    return _completeness(mappings, [row.pk for row, sum_ in zip(by_size, together, strict=True) if sum_ <= most])


def _completeness(mappings: list[Any], counted: list[int]) -> list[Completeness]:
    counts = _counted(counted) if counted else {}
    return [Completeness(row, *counts.get(row.pk, ())) for row in mappings]


def _counted(ids: list[int]) -> dict[int, tuple[int | None, ...]]:
    sql = _COUNTS[connection.vendor].format(
        counted=_COUNTED, joined=_JOINED, leaving=_LEAVING, any_of=any_of(connection)
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [Status.DISABLED, any_of_parameter(connection, ids)])
        return {row[0]: row[1:] for row in cursor.fetchall()}
