"""Set-based changes of members on both sides of the bridge (R8, R15, R17, R20).

Fixed SQL: each function runs a fixed number of statements, whatever the number of people, within the
transaction of the calling service, on portal groups that are already locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from identity.db.compiled import CompiledQuery, Parameter
from identity.db.differing import BROUGHT
from identity.db.differing import Pair as Pair
from identity.db.locks import for_update, locked
from identity.db.lookups import among, any_of, any_of_parameter, none_of
from identity.models import Group, GroupMapping, Membership, SSOGroup, SSOUser, User

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


_FED_GROUPS = CompiledQuery(lambda: for_update(Group.objects.fed_by(Parameter(GroupMapping, "sso_group"))))


def lock_groups_fed_by(sso_group: SSOGroup) -> list[Group]:
    """The portal groups that this SSO group feeds, locked before memberships are read (SR-35)."""
    return _FED_GROUPS(sso_group=sso_group.pk)


def add_to_sso_group(sso_group: SSOGroup, sso_user_ids: Iterable[int]) -> list[int]:
    """Add these SSO users (row ids); the row ids of those who were not members yet."""
    return _column(
        f"""
        INSERT INTO identity_ssomembership (sso_group_id, sso_user_id)
        SELECT %s, su.id FROM identity_ssouser su WHERE su.id {any_of(connection)} ORDER BY su.id
        ON CONFLICT DO NOTHING RETURNING sso_user_id
        """,
        [sso_group.pk, _ids(sso_user_ids)],
    )


def remove_from_sso_group(sso_group: SSOGroup, ids: Iterable[UUID]) -> list[int]:
    """Remove the SSO users with these SCIM ids; the row ids of the SSO users who were members."""
    return _column(
        f"""
        DELETE FROM identity_ssomembership
         WHERE sso_group_id = %s
           AND sso_user_id {among(connection, f"(SELECT id FROM identity_ssouser WHERE scim_id {any_of(connection)})")}
        RETURNING sso_user_id
        """,
        [sso_group.pk, _uuids(ids)],
    )


def keep_only_in_sso_group(sso_group: SSOGroup, sso_user_ids: Iterable[int]) -> list[int]:
    """Remove everyone but these SSO users (row ids); the row ids of the SSO users who left."""
    return _column(
        f"""
        DELETE FROM identity_ssomembership
         WHERE sso_group_id = %s AND sso_user_id {none_of(connection)}
        RETURNING sso_user_id
        """,
        [sso_group.pk, _ids(sso_user_ids)],
    )


def let_join(groups: list[Group], sso_user_ids: Collection[int]) -> list[Pair]:
    """Portal side of an addition: these SSO users' people join the groups; the new memberships."""
    if not groups or not sso_user_ids:
        return []
    return _pairs(
        f"""
        INSERT INTO identity_membership (group_id, user_id, created_at)
        SELECT g.id, su.user_id, %s FROM identity_group g, identity_ssouser su
         WHERE g.id {any_of(connection)} AND su.id {any_of(connection)}
        ON CONFLICT DO NOTHING RETURNING group_id, user_id
        """,
        [_now(), _ids(group.pk for group in groups), _ids(sso_user_ids)],
    )


def let_leave(groups: list[Group], sso_user_ids: Collection[int]) -> list[Pair]:
    """Portal side of a removal: these SSO users' people leave the groups unless a mapping still brings them.

    Returns the memberships that ended.
    """
    if not groups or not sso_user_ids:
        return []
    group_ids, ids = _ids(group.pk for group in groups), _ids(sso_user_ids)
    return _end_but_for(
        f"""
        SELECT group_id, user_id FROM identity_membership
         WHERE group_id {any_of(connection)}
           AND user_id {among(connection, f"(SELECT user_id FROM identity_ssouser WHERE id {any_of(connection)})")}
        """,
        f"{BROUGHT} WHERE gm.group_id {any_of(connection)} AND sm.sso_user_id {any_of(connection)}",
        [group_ids, ids, group_ids, ids],
    )


def follow_mappings(groups: list[Group]) -> tuple[list[Pair], list[Pair]]:
    """Give the groups exactly the union of their SSO groups: who joined, and who left (R15)."""
    if not groups:
        return [], []
    group_ids = _ids(group.pk for group in groups)
    left = _end_but_for(
        f"SELECT group_id, user_id FROM identity_membership WHERE group_id {any_of(connection)}",
        f"{BROUGHT} WHERE gm.group_id {any_of(connection)}",
        [group_ids, group_ids],
    )
    joined = _pairs(
        f"""
        INSERT INTO identity_membership (group_id, user_id, created_at)
        SELECT DISTINCT brought.group_id, brought.user_id, %s
          FROM ({BROUGHT} WHERE gm.group_id {any_of(connection)}) brought
         WHERE TRUE -- without it SQLite takes ON for a join's
        ON CONFLICT DO NOTHING RETURNING group_id, user_id
        """,
        [_now(), group_ids],
    )
    return joined, left


def _end_but_for(some: str, brought: str, parameters: list[Any]) -> list[Pair]:
    """End those memberships, except those that mappings bring: the ones that ended.

    By difference of two sets, each read once. With a NOT EXISTS, PostgreSQL rereads the whole union for each membership
    if it has analysed the tables while they were empty: before a company's first push.
    """
    return _pairs(
        f"""
        WITH gone AS MATERIALIZED ({some} EXCEPT {brought})
        DELETE FROM identity_membership WHERE (group_id, user_id) IN (SELECT group_id, user_id FROM gone)
        RETURNING group_id, user_id
        """,
        parameters,
    )


def end_all_sso_memberships(sso_user: SSOUser) -> list[Pair]:
    """R8: the person leaves all SSO groups and with them the mapped groups; the portal memberships that ended.

    The SSO groups' versions increase, since members are part of what the IdP reads (RFC 7644 section 3.14).
    """
    known = {sso_group.pk for sso_group in _locked_with_fed(SSOGroup.objects.filter(memberships__sso_user=sso_user))}
    _close(sso_user)
    left = _column("DELETE FROM identity_ssomembership WHERE sso_user_id = %s RETURNING sso_group_id", [sso_user.pk])
    if late := set(left) - known:
        _locked_with_fed(SSOGroup.objects.filter(pk__in=late))
    if left:
        SSOGroup.objects.filter(pk__in=left).update(version=F("version") + 1, modified_at=timezone.now())
    return _pairs(
        """
        DELETE FROM identity_membership
         WHERE user_id = %s AND group_id IN (SELECT group_id FROM identity_groupmapping)
        RETURNING group_id, user_id
        """,
        [sso_user.user_id],
    )


def _locked_with_fed(rows: QuerySet[SSOGroup]) -> list[SSOGroup]:
    """SSO groups, locked, and then the portal groups that they feed."""
    sso_groups = locked(rows)
    locked(Group.objects.filter(pk__in=GroupMapping.objects.filter(sso_group__in=sso_groups).values("group")))
    return sso_groups


def _close(sso_user: SSOUser) -> None:
    """From here on, adding the record to a group finds it gone (SR-37).

    The foreign key of the new membership is checked when the push commits; it waits for this lock, which unlike all
    others is a full FOR UPDATE.
    """
    SSOUser.objects.select_for_update().get(pk=sso_user.pk)


def remove_from_all_groups(user: User) -> list[Pair]:
    """R9: a revived account with another externalId starts without its old groups: returns those."""
    return _pairs("DELETE FROM identity_membership WHERE user_id = %s RETURNING group_id, user_id", [user.pk])


def follow_claim(user: User, fed: set[int], wanted: set[int]) -> tuple[set[int], set[int]]:
    """Of the mapped groups `fed` (locked), the user is in the wanted ones, as a claim names (R21): who joined, left."""
    held = set(Membership.objects.filter(user=user, group__in=fed).values_list("group_id", flat=True))
    joined, left = wanted - held, held - wanted
    Membership.objects.bulk_create(Membership(group_id=group_id, user=user) for group_id in joined)
    Membership.objects.filter(user=user, group__in=left).delete()
    return joined, left


def _column(sql: str, parameters: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def _pairs(sql: str, parameters: list[Any]) -> list[Pair]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        moved: list[Pair] = cursor.fetchall()
    return moved


def _uuids(ids: Iterable[UUID]) -> Any:
    field = SSOUser._meta.get_field("scim_id")
    return any_of_parameter(connection, [field.get_db_prep_value(value, connection) for value in ids])


def _ids(ids: Iterable[int]) -> Any:
    return any_of_parameter(connection, list(ids))


def _now() -> Any:
    return connection.ops.adapt_datetimefield_value(timezone.now())
