"""How many statements each request costs: exact, and the same whatever the size (docs/design/performance.md).

Counted without BEGIN, COMMIT, SAVEPOINT and the once-a-minute note of a token's last use.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import HttpResponse

from identity.models import SSOUser
from tests.clients import IdP
from tests.loops import each
from tests.scim.helpers import ENTERPRISE, Document, group_body, mapped, user_body
from tests.scim.many import fill, many_users, names
from tests.statements import statements


def cost(request: Callable[[], HttpResponse], expected: int = 200) -> int:
    """How many statements the request takes."""
    with statements() as seen:
        answer = request()
    assert answer.status_code == expected, answer.content
    return len(seen)


# --- users ------------------------------------------------------------------------------------------------

FULL: Document = {
    "name": {"givenName": "Ann", "familyName": "Bo"},
    "externalId": "e1",
    "active": True,
    "emails": [{"value": "ann@example.com", "type": "work", "primary": True}],
    ENTERPRISE: {"department": "R&D"},
}


def test_a_new_user_costs_at_most_eight(idp: IdP) -> None:
    idp.user()
    assert cost(lambda: idp.post("/Users", user_body()), 201) == 7
    assert cost(lambda: idp.post("/Users", user_body("ann", **FULL)), 201) == 8
    more = {"emails": [{"value": f"a{n}@x.test"} for n in range(20)], "roles": ["a", "b", "c"]}
    assert cost(lambda: idp.post("/Users", user_body("ben", **more)), 201) == 8


def test_a_user_is_read_in_three(idp: IdP) -> None:
    user = idp.user("ann", **FULL)
    for _ in range(3):
        idp.group(members=[user])
    path = f"/Users/{user['id']}"
    assert cost(lambda: idp.get(path)) == 3
    assert cost(lambda: idp.get(path, excludedAttributes="groups")) == 2
    assert cost(lambda: idp.get(path, {"If_None_Match": 'W/"1"'}), 304) == 2
    assert cost(lambda: idp.get("/Users/7d5b8ff8-4a3c-4d0e-9d4c-5f8f4f0f9d11"), 404) == 2


@pytest.mark.parametrize(
    "expression",
    [
        'userName eq "ann"',
        'externalId eq "e1"',
        'emails.value eq "ann@example.com"',
        'emails[type eq "work" and value eq "ann@example.com"]',
        'emails eq "ann@example.com"',
    ],
)
def test_a_user_is_looked_up_in_three(idp: IdP, expression: str) -> None:
    idp.user("ann", **FULL)
    many_users(idp, 200)
    assert idp.found(expression) == ["ann"]
    assert cost(lambda: idp.get("/Users", filter=expression)) == 3
    assert cost(lambda: idp.get("/Users", filter=expression.replace('"ann', '"nobody').replace("e1", "e2"))) == 2


def test_a_page_of_users_costs_the_same_whatever_the_page(idp: IdP) -> None:
    fill(idp.group(), many_users(idp, 250))
    for count in (1, 100, 200):
        assert cost(lambda count=count: idp.get("/Users", count=count)) == 4
    assert cost(lambda: idp.get("/Users", startIndex=240, count=100)) == 3  # not full: the page tells the total
    assert cost(lambda: idp.get("/Users", cursor="", count=100)) == 3
    assert cost(lambda: idp.get("/Users", count=0)) == 2
    assert cost(lambda: idp.get("/Users", count=100, attributes="userName")) == 3


def test_a_change_of_a_user_is_cheap(idp: IdP) -> None:
    user = idp.user("ann", **FULL)
    path = f"/Users/{user['id']}"
    title = {"op": "replace", "path": "title", "value": "Boss"}
    assert cost(lambda: idp.patch(path, title)) == 7
    assert cost(lambda: idp.patch(path, title)) == 5  # nothing to change
    assert (
        cost(lambda: idp.patch(path, {"op": "replace", "path": "active", "value": False})) == 11
    )  # the API tokens too (R13)
    assert cost(lambda: idp.put(path, user_body("ann", title="Chief"))) == 8
    assert cost(lambda: idp.delete(path), 204) == 13


# --- groups -----------------------------------------------------------------------------------------------


def test_a_group_is_read_in_four(idp: IdP) -> None:
    group = idp.group("Staff")
    path = f"/Groups/{group['id']}"
    for _ in range(2):
        assert cost(lambda: idp.get(path)) == 4
        assert cost(lambda: idp.get("/Groups", filter='displayName eq "Staff"')) == 4
        fill(group, many_users(idp, 300))


def test_excluded_members_are_not_read(idp: IdP) -> None:
    group = idp.group("Staff")
    fill(group, many_users(idp, 10))
    for path in (f"/Groups/{group['id']}", "/Groups"):
        with statements() as seen:
            body = idp.get(path, excludedAttributes="members").json()
        assert "members" not in (body["Resources"][0] if "Resources" in body else body)
        assert len(seen) == 3
        assert not any("ssomembership" in sql for sql in seen)


def test_members_and_mappings_of_the_groups_that_are_shown_are_read(idp: IdP) -> None:
    group = idp.group("Staff", [idp.user()])
    mapped(group, "Portal")
    for path in (f"/Groups/{group['id']}", "/Groups"):
        with statements() as seen:
            idp.get(path)
        assert [sql for sql in each(seen, at_least=2) if "WHERE" not in sql] == []


def test_a_page_of_groups_costs_the_same_whatever_the_page(idp: IdP) -> None:
    users = many_users(idp, 20)
    for _ in range(110):
        fill(idp.group(), users[:3])
    for count in (1, 50, 100):
        assert cost(lambda count=count: idp.get("/Groups", count=count)) == 5
    assert cost(lambda: idp.get("/Groups")) == 5


@pytest.mark.parametrize("is_mapped", [False, True])
def test_a_group_patch_costs_the_same_for_one_and_for_a_thousand_members(idp: IdP, is_mapped: bool) -> None:
    group = idp.group("Staff")
    if is_mapped:
        mapped(group, "Portal")
    path = f"/Groups/{group['id']}"
    users = many_users(idp, 2_002)

    def add(some: list[SSOUser]) -> int:
        return cost(lambda: idp.patch(path, {"op": "add", "path": "members", "value": names(some)}), 204)

    def remove(some: list[SSOUser]) -> int:
        return cost(lambda: idp.patch(path, {"op": "remove", "path": "members", "value": names(some)}), 204)

    costs = [add(users[:1]), add(users[1:1_001]), add(users[1_001:1_002]), add(users[1_002:])]
    assert costs == [10 if is_mapped else 8] * 4
    costs = [remove(users[:1]), remove(users[1:1_001]), remove(users[1_001:1_002])]
    assert costs == [10 if is_mapped else 7] * 3  # who leaves a mapped group is asked for by the brake (R26)
    by_filter = {"op": "remove", "path": f'members[value eq "{users[1_500].scim_id}"]'}
    assert cost(lambda: idp.patch(path, by_filter), 204) == costs[0]
    swap = {"op": "replace", "path": "members", "value": names(users[:1_000])}
    assert cost(lambda: idp.patch(path, swap), 204) == (13 if is_mapped else 9)
    assert cost(lambda: idp.patch(path, {"op": "remove", "path": "members"}), 204) == (11 if is_mapped else 7)


def test_a_pushed_group_costs_the_same_for_one_and_for_a_thousand_members(idp: IdP) -> None:
    users = many_users(idp, 1_000)

    def push(some: list[SSOUser]) -> int:
        body = group_body(externalId="g") | {"members": names(some)}
        return cost(lambda: idp.post("/Groups?excludedAttributes=members", body), 201)

    assert push(users[:1]) == push(users)


def test_a_thousand_operations_cost_what_one_does(idp: IdP) -> None:
    """Entra ID sends one operation for each member."""
    users = many_users(idp, 1_000)

    def patch(some: list[SSOUser]) -> int:
        group = idp.group()
        operations = [{"op": "Add", "path": "members", "value": [name]} for name in names(some)]
        return cost(lambda: idp.patch(f"/Groups/{group['id']}", *operations), 204)

    assert patch(users[:1]) == patch(users)


def test_is_this_user_in_this_group_is_one_look(idp: IdP) -> None:
    """Entra ID asks so for every member."""
    user = idp.user()
    group = idp.group(members=[user])
    fill(group, many_users(idp, 100))
    expression = f'id eq "{group["id"]}" and members eq "{user["id"]}"'
    assert cost(lambda: idp.get("/Groups", filter=expression, attributes="id")) == 2
