"""PERFORMANCE.md: how many statements a push costs, whatever the size of the directory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import Group, SSOGroup
from identity.services import access
from tests.factories import (
    OPERATOR,
    PASSWORD,
    adding,
    change_members,
    deprovision,
    exactly,
    make_group,
    make_idp,
    make_user,
    map_group,
    provision,
    push_group,
    removing,
    resend,
)

pytestmark = pytest.mark.django_db

FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL of the block, transaction control left out."""
    seen: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield seen
    seen.extend(query["sql"] for query in captured if not query["sql"].startswith(FRAME))


def test_a_new_person_is_seven_statements() -> None:
    idp = make_idp()
    with statements() as seen:
        provision(idp, first_name="Ada")
    assert len(seen) == 7, seen


def test_an_update_is_a_fixed_number_of_statements() -> None:
    sso_user = provision(make_idp())
    assert sso_user.identity_provider.name == "Okta"
    with statements() as seen:
        resend(sso_user, first_name="Ada", active=False)
    assert len(seen) <= 11, seen


@pytest.fixture
def mapped() -> tuple[SSOGroup, Group]:
    idp = make_idp()
    sso_group, group = push_group(idp), make_group()
    map_group(sso_group, group)
    assert sso_group.identity_provider == idp
    return sso_group, group


@pytest.mark.parametrize(
    ("change", "most"), [(adding, 9), (removing, 8), (exactly, 11)], ids=["add", "remove", "replace"]
)
def test_moving_members_costs_the_same_for_one_and_for_many(
    change: Callable[..., object], most: int, mapped: tuple[SSOGroup, Group]
) -> None:
    sso_group, _ = mapped
    sso_users = [provision(sso_group.identity_provider, f"user{number}") for number in range(20)]
    change_members(sso_group, adding(*sso_users[:10]))
    counts = []
    for some in (sso_users[:1], sso_users[1:9] if change is removing else sso_users):
        with statements() as seen:
            change_members(sso_group, change(*some))
        counts.append(len(seen))
    assert max(counts) <= most, counts
    assert counts[0] == counts[1] or change is not removing


def test_deprovisioning_costs_the_same_in_one_group_and_in_many() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    assert ada.identity_provider == grace.identity_provider == idp
    map_group(push_group(idp, "Only one", ada), make_group("Only one"))
    for number in range(5):
        map_group(push_group(idp, f"Group {number}", grace), make_group(f"Group {number}"))
    counts = []
    for sso_user in (ada, grace):
        with statements() as seen:
            deprovision(sso_user)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_enforcing_sso_is_one_update_of_all_users() -> None:
    for number in range(5):
        make_user(f"user{number}", password=PASSWORD)
    with statements() as seen:
        access.set_mode(scim_enabled=True, sso_enforced=True, force=True, actor=OPERATOR)
    assert len(seen) <= 4, seen


@pytest.mark.postgresql
@pytest.mark.parametrize("table", ["identity_user", "identity_ssouser", "identity_retiredresource"])
def test_whom_a_record_means_is_found_by_index(table: str) -> None:
    idp = make_idp()
    with statements() as seen:
        provision(idp)
    [look] = [sql for sql in seen if "UNION SELECT" in sql]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {look}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"Seq Scan on {table}" not in plan, plan
