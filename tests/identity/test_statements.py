"""docs/design/performance.md: how many statements a push costs, whatever the size of the directory."""

from collections.abc import Callable
from itertools import count

import pytest
from django.db import connection

from identity.models import Group, SSOGroup
from identity.services.provisioning.statements import StatedMembers
from tests.factories import (
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
    set_mode,
)
from tests.statements import MANY, Most, same_for, same_for_many_rows, statements

pytestmark = pytest.mark.django_db


def test_a_new_person_costs_the_same_in_a_small_directory_and_in_a_larger_one() -> None:
    idp, names = make_idp(), count()
    same_for_many_rows(
        lambda: provision(idp, f"ada{next(names)}", first_name="Ada"),
        lambda number: provision(idp, f"user{number}"),
        Most.CHANGE,
    )


def test_an_update_costs_the_same_in_a_small_directory_and_in_a_larger_one() -> None:
    sso_user, numbers = provision(make_idp()), count()
    idp = sso_user.identity_provider  # looked up here, not while statements are counted
    goes_and_comes = [
        lambda: resend(sso_user, first_name=f"Ada {next(numbers)}", active=False),
        lambda: resend(sso_user, first_name=f"Ada {next(numbers)}", active=True),
    ]
    same_for_many_rows(goes_and_comes, lambda number: provision(idp, f"user{number}"), Most.CHANGE)


@pytest.fixture
def mapped() -> tuple[SSOGroup, Group]:
    idp = make_idp()
    sso_group, group = push_group(idp), make_group()
    map_group(sso_group, group)
    assert sso_group.identity_provider == idp
    return sso_group, group


@pytest.mark.parametrize(
    ("change", "few", "many"),
    [
        (adding, slice(10, 11), slice(11, 20)),
        (removing, slice(0, 1), slice(1, 9)),
        (exactly, slice(1, 11), slice(11, 20)),  # one leaves and one joins, and many of both
    ],
    ids=["add", "remove", "replace"],
)
def test_moving_members_costs_the_same_for_one_and_for_many(
    change: Callable[..., StatedMembers], few: slice, many: slice, mapped: tuple[SSOGroup, Group]
) -> None:
    sso_group, _ = mapped
    people = [provision(sso_group.identity_provider, f"user{number}") for number in range(20)]
    change_members(sso_group, adding(*people[:10]))
    same_for(lambda some: change_members(sso_group, change(*people[some])), few, many, Most.CHANGE)


def test_deprovisioning_costs_the_same_in_one_group_and_in_many() -> None:
    idp = make_idp()
    ada, grace = provision(idp), provision(idp, "grace")
    assert ada.identity_provider == grace.identity_provider == idp
    map_group(push_group(idp, "Only one", ada), make_group("Only one"))
    for number in range(MANY):
        map_group(push_group(idp, f"Group {number}", grace), make_group(f"Group {number}"))
    same_for(deprovision, ada, grace, Most.BIG_CHANGE)


def test_enforcing_sso_is_one_update_of_all_users() -> None:
    def there_and_back() -> None:
        set_mode(sso=True)
        set_mode()

    same_for_many_rows(there_and_back, lambda number: make_user(f"user{number}", password=PASSWORD), Most.CHANGE)


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
