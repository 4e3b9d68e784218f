"""PostgreSQL may have looked at the tables while they were empty: a company's first big push meets the plans of that.

Whatever is done to a thousand members then reads some rows for each of them, and not all of them for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from identity.models import GroupMapping, Membership, SSOGroup, SSOUser
from identity.queries import drift
from identity.queries.completeness import completeness_of
from identity.services import mappings
from tests.clients import IdP, new_idp
from tests.factories import OPERATOR, make_group, map_group, set_mode
from tests.scim.helpers import Document, group_body, mapped
from tests.scim.many import fill, many_users, names

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

MEMBERS = 500
ROWS_FOR_A_MEMBER = 60  # all for each would be more than eight times as many

# What this transaction read, of tables and of indexes; PostgreSQL's own tables are its own affair.
_READ = """
    SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')
"""


@pytest.fixture
def idp() -> IdP:
    """Asked before anything is stored, PostgreSQL knows all tables as empty; what tests rolled back leaves pages."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE identity_user, identity_group, identity_ssogroup, identity_ssouser CASCADE")
        cursor.execute("ANALYZE")
    return new_idp()


@contextmanager
def few_rows_for_each() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")  # of the tests before
    before = _rows_read()
    yield
    for_each = (_rows_read() - before) / MEMBERS
    assert 0 < for_each < ROWS_FOR_A_MEMBER


def _rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        return int(cursor.fetchone()[0])


@pytest.fixture
def group(idp: IdP) -> Document:
    """Mapped, and without members."""
    group = idp.group("Staff")
    mapped(group, "Portal", "Another")
    return group


@pytest.fixture
def users(idp: IdP, group: Document) -> list[SSOUser]:
    return many_users(idp, MEMBERS)


@pytest.fixture
def members(group: Document, users: list[SSOUser]) -> list[SSOUser]:
    """All of the users, on both sides of the bridge."""
    fill(group, users)
    Membership.objects.bulk_create(
        Membership(group_id=group_id, user_id=user.user_id)
        for group_id in GroupMapping.objects.values_list("group_id", flat=True)
        for user in users
    )
    return users


def test_a_group_is_pushed(idp: IdP, users: list[SSOUser]) -> None:
    with few_rows_for_each():
        assert idp.post("/Groups", group_body("New") | {"members": names(users)}).status_code == 201


def test_members_are_added(idp: IdP, group: Document, users: list[SSOUser]) -> None:
    with few_rows_for_each():
        _patch(idp, group, {"op": "add", "path": "members", "value": names(users)})
    assert Membership.objects.count() == 2 * MEMBERS


def test_members_are_removed(idp: IdP, group: Document, members: list[SSOUser]) -> None:
    with few_rows_for_each():
        _patch(idp, group, {"op": "remove", "path": "members", "value": names(members)})
    assert not Membership.objects.exists()


def test_all_members_are_removed(idp: IdP, group: Document, members: list[SSOUser]) -> None:
    with few_rows_for_each():
        _patch(idp, group, {"op": "remove", "path": "members"})
    assert not Membership.objects.exists()


def test_members_are_replaced(idp: IdP, group: Document, members: list[SSOUser]) -> None:
    kept = members[: MEMBERS // 2]
    with few_rows_for_each():
        _patch(idp, group, {"op": "replace", "path": "members", "value": names(kept)})
    assert Membership.objects.count() == 2 * len(kept)


@pytest.mark.usefixtures("members")
def test_a_group_is_deleted(idp: IdP, group: Document) -> None:
    with few_rows_for_each():
        assert idp.delete(f"/Groups/{group['id']}").status_code == 204
    assert not Membership.objects.exists()


@pytest.mark.usefixtures("members")
def test_a_group_is_mapped_and_unmapped() -> None:
    sso_group, group = SSOGroup.objects.get(), make_group("Third")
    with few_rows_for_each():
        mapping = map_group(sso_group, group)
    assert group.memberships.count() == MEMBERS
    preview = mappings.preview_unmapping(mapping)
    with few_rows_for_each():
        mappings.delete_mapping(mapping, fingerprint=preview.fingerprint, actor=OPERATOR)
    assert not GroupMapping.objects.filter(pk=mapping.pk).exists()


@pytest.mark.usefixtures("members")
def test_a_mapping_is_previewed() -> None:
    with few_rows_for_each():
        mappings.preview_mapping(SSOGroup.objects.get(), make_group("Third"))
    with few_rows_for_each():
        mappings.preview_unmapping(GroupMapping.objects.all()[0])


@pytest.mark.usefixtures("members")
def test_both_sides_are_compared() -> None:
    with few_rows_for_each():
        assert drift.drifts() == []
    with few_rows_for_each():
        completeness_of(GroupMapping.objects.all(), most=MEMBERS)


@pytest.mark.usefixtures("members")
def test_scim_is_switched_off_and_on_again() -> None:
    set_mode(scim=False)
    Membership.objects.all().delete()
    with few_rows_for_each():
        set_mode(scim=True, follow_idp=True)
    assert Membership.objects.count() == 2 * MEMBERS


def _patch(idp: IdP, group: Document, change: Document) -> None:
    assert idp.patch(f"/Groups/{group['id']}", change).status_code == 204
