"""Requests at the same time, and steps that fail in the middle (SR-35 to SR-37, SR-40)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from identity.models import (
    AuditEvent,
    Conflict,
    Group,
    GroupMapping,
    Membership,
    ProvisioningLog,
    SSOGroup,
    SSOMembership,
    SSOUser,
    User,
)
from identity.services.provisioning import people
from tests.clients import IdP, new_idp
from tests.processes import LIMIT
from tests.scim.helpers import Document, group_body, mapped, member, member_ids, user_body

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 6


@pytest.fixture
def idp(transactional_db: None) -> IdP:
    return new_idp()


def together(requests: list[Callable[[], HttpResponse]]) -> list[HttpResponse]:
    """Send all requests at the same moment, each on a database connection of its own."""
    start = threading.Barrier(len(requests))

    def send(request: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            start.wait(LIMIT)
            return request()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests, timeout=LIMIT))


def statuses(answers: list[HttpResponse]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def again(idp: IdP) -> IdP:
    """The same identity provider on another connection: a test client is not made for threads."""
    return replace(idp, client=Client())


def times(count: int, request: Callable[[int], HttpResponse]) -> list[HttpResponse]:
    return together([lambda number=number: request(number) for number in range(count)])


# --- at the same time -------------------------------------------------------------------------------------


def test_one_of_many_posts_of_one_user_name_succeeds(idp: IdP) -> None:
    """SR-36."""
    answers = times(AT_ONCE, lambda n: again(idp).post("/Users", user_body("Ann" if n % 2 else "ann", title=str(n))))
    assert statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    assert all(answer.json()["scimType"] == "uniqueness" for answer in answers if answer.status_code == 409)
    assert (User.objects.count(), SSOUser.objects.count(), Conflict.objects.count()) == (1, 1, 0)


def test_one_of_many_posts_of_one_email_succeeds(idp: IdP) -> None:
    email = [{"value": "ann@example.com"}]
    answers = times(AT_ONCE, lambda n: again(idp).post("/Users", user_body(f"ann{n}", emails=email)))
    assert statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    assert (User.objects.count(), SSOUser.objects.count()) == (1, 1)


def test_one_of_many_posts_of_one_group_name_succeeds(idp: IdP) -> None:
    answers = times(AT_ONCE, lambda _: again(idp).post("/Groups", group_body("Staff")))
    assert statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    assert SSOGroup.objects.count() == 1


def test_posts_of_different_users_all_succeed(idp: IdP) -> None:
    answers = times(AT_ONCE * 2, lambda n: again(idp).post("/Users", user_body(f"u{n}")))
    assert statuses(answers) == {201: AT_ONCE * 2}


def test_patches_of_different_attributes_lose_nothing(idp: IdP) -> None:
    user = idp.user("ann")
    attributes = ["title", "nickName", "displayName", "userType", "locale", "timezone"]
    answers = times(
        len(attributes),
        lambda n: again(idp).patch(f"/Users/{user['id']}", {"op": "replace", "path": attributes[n], "value": f"v{n}"}),
    )
    assert statuses(answers) == {200: len(attributes)}
    after = idp.get(f"/Users/{user['id']}").json()
    assert [after[name] for name in attributes] == [f"v{n}" for n in range(len(attributes))]
    assert after["meta"]["version"] == f'W/"{1 + len(attributes)}"'


def test_one_of_many_writes_with_one_version_succeeds(idp: IdP) -> None:
    """If-Match is looked at under the lock."""
    user = idp.user("ann")
    title = [{"op": "replace", "path": "title", "value": f"t{n}"} for n in range(AT_ONCE)]
    answers = times(AT_ONCE, lambda n: again(idp).patch(f"/Users/{user['id']}", title[n], If_Match='W/"1"'))
    assert statuses(answers) == {200: 1, 412: AT_ONCE - 1}
    group = idp.group("Staff")
    put = [group_body("Staff", externalId=f"e{n}") for n in range(AT_ONCE)]
    answers = times(AT_ONCE, lambda n: again(idp).put(f"/Groups/{group['id']}", put[n], If_Match='W/"1"'))
    assert statuses(answers) == {200: 1, 412: AT_ONCE - 1}


def test_members_that_are_added_at_once_are_all_members(idp: IdP) -> None:
    users = [idp.user() for _ in range(AT_ONCE * 3)]
    group = idp.group()
    portal_group = mapped(group, "Portal")

    def add(number: int) -> HttpResponse:
        some = [member(user) for user in users[number * 3 : number * 3 + 4]]  # neighbours overlap
        return again(idp).patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": some})

    assert statuses(times(AT_ONCE, add)) == {204: AT_ONCE}
    everybody = {user["id"] for user in users}
    assert set(member_ids(idp.get(f"/Groups/{group['id']}").json())) == everybody
    assert Membership.objects.filter(group=portal_group).count() == len(everybody)


def test_groups_that_feed_the_same_portal_groups_do_not_block_each_other(idp: IdP) -> None:
    users = [idp.user() for _ in range(4)]
    pushed = [idp.group(members=users[:1]), idp.group(members=users[1:2])]
    mapped(pushed[0], "First", "Second")
    mapped(pushed[1], "Second", "First")

    def swap(number: int) -> HttpResponse:
        some = [member(user) for user in (users[:3] if number % 3 else users[2:])]
        operation = {"op": "replace", "path": "members", "value": some}
        return again(idp).patch(f"/Groups/{pushed[number % 2]['id']}", operation)

    assert statuses(times(AT_ONCE, swap)) == {204: AT_ONCE}
    agree()


def agree() -> None:
    """Both sides of every mapping have the same people (SR-37)."""
    for portal_group in Group.objects.all():
        fed = GroupMapping.objects.filter(group=portal_group).values("sso_group")
        expected = SSOMembership.objects.filter(sso_group__in=fed).values_list("sso_user__user", flat=True)
        assert set(Membership.objects.filter(group=portal_group).values_list("user", flat=True)) == set(expected)


def test_changes_against_deletions_leave_one_of_both_outcomes(idp: IdP) -> None:
    users = [idp.user() for _ in range(3)]
    group = idp.group(members=users)
    mapped(group, "Portal")
    add = {"op": "add", "path": "members", "value": [member(user) for user in users]}
    rename = {"op": "replace", "path": "title", "value": "x"}
    answers = together(
        [
            lambda: again(idp).delete(f"/Users/{users[0]['id']}"),
            lambda: again(idp).patch(f"/Users/{users[0]['id']}", rename),
            lambda: again(idp).patch(f"/Groups/{group['id']}", add),
            lambda: again(idp).delete(f"/Users/{users[1]['id']}"),
            lambda: again(idp).patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"}),
        ]
    )
    assert set(statuses(answers)) <= {200, 204, 404}
    assert SSOUser.objects.count() == 1
    agree()


def test_a_group_deleted_while_it_is_filled_is_gone(idp: IdP) -> None:
    users = [idp.user() for _ in range(3)]
    group = idp.group()
    portal_group = mapped(group, "Portal")
    add = {"op": "add", "path": "members", "value": [member(user) for user in users]}
    answers = times(
        4,
        lambda n: (
            again(idp).delete(f"/Groups/{group['id']}") if n == 2 else again(idp).patch(f"/Groups/{group['id']}", add)
        ),
    )
    assert set(statuses(answers)) <= {204, 404}
    assert (SSOGroup.objects.count(), SSOMembership.objects.count()) == (0, 0)
    assert Membership.objects.filter(group=portal_group).count() == 0


def test_a_deadlock_begins_the_request_anew_with_its_body(idp: IdP, monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-40: PostgreSQL ends one of two transactions that wait for each other; the identity provider need not know."""
    push, attempts = people.provision_user, []

    def deadlocked_once(*args: Any, **options: Any) -> SSOUser:
        attempts.append(args)
        if len(attempts) == 1:
            raise OperationalError("deadlock detected") from psycopg.errors.DeadlockDetected()
        return push(*args, **options)

    monkeypatch.setattr(people, "provision_user", deadlocked_once)
    assert idp.user("ann")["userName"] == "ann"
    assert len(attempts) == 2


# --- in the middle ----------------------------------------------------------------------------------------


def rows() -> dict[str, list[Any]]:
    models = (User, SSOUser, SSOGroup, SSOMembership, Membership, GroupMapping, AuditEvent, ProvisioningLog, Group)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


@pytest.fixture
def world(idp: IdP) -> tuple[Document, Document]:
    user = idp.user("ann", name={"givenName": "Ann"})
    group = idp.group("Staff", [user])
    mapped(group, "Portal")
    return user, group


WRITES: dict[str, Callable[[IdP, Document, Document], HttpResponse]] = {
    "POST user": lambda idp, user, group: idp.post("/Users", user_body("new", emails=[{"value": "n@b.c"}])),
    "PUT user": lambda idp, user, group: idp.put(f"/Users/{user['id']}", user_body("ann", title="x", active=False)),
    "PATCH user": lambda idp, user, group: idp.patch(
        f"/Users/{user['id']}",
        {"op": "replace", "value": {"active": False, "name": {"givenName": "Eve"}, "emails": ["n@b.c"]}},
    ),
    "DELETE user": lambda idp, user, group: idp.delete(f"/Users/{user['id']}"),
    "POST group": lambda idp, user, group: idp.post("/Groups", group_body("New", [user])),
    "PUT group": lambda idp, user, group: idp.put(f"/Groups/{group['id']}", group_body("Other")),
    "PATCH group": lambda idp, user, group: idp.patch(
        f"/Groups/{group['id']}", {"op": "remove", "path": "members"}, {"op": "replace", "value": {"displayName": "O"}}
    ),
    "DELETE group": lambda idp, user, group: idp.delete(f"/Groups/{group['id']}"),
}


@pytest.fixture
def broken_log(world: tuple[Document, Document], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The last step of every write fails, when all the others are done."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process is killed here")

    with monkeypatch.context() as patch:
        for module in ("people", "groups"):
            patch.setattr(f"identity.services.provisioning.{module}.log_write", fail)
        yield


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.usefixtures("broken_log")
def test_a_write_that_fails_in_the_middle_leaves_nothing(
    idp: IdP, world: tuple[Document, Document], write: str
) -> None:
    """SR-37."""
    before = rows()
    assert WRITES[write](idp, *world).status_code == 500
    assert rows() == before
