"""PATCH through the front door against the reference model (SR-27): the whole answer, and refusals change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients import IdP, new_idp, problem
from tests.examples import SQLITE, examples
from tests.scim import patch_strategies as strategies
from tests.scim.helpers import CORE_USER, ENTERPRISE, PORTAL_USER, member_ids
from tests.scim.patch_model import Document, People, Refused, patched_group, patched_user

_SHOWN_BESIDE = {"schemas", "id", "meta", PORTAL_USER}


class World:
    """One person and one group that every example starts from anew, by PUT, and those whom they meet."""

    def __init__(self, idp: IdP) -> None:
        self.idp = idp
        idp.user("bob@example.test")
        idp.group("Taken")
        self.gone = [idp.user(f"gone{number}@example.test")["id"] for number in strategies.GONE]
        for one in self.gone:
            assert idp.delete(f"/Users/{one}").status_code == 204
        self.people = [idp.user(f"pers{number}@example.test") for number in strategies.HERE]
        self.user = idp.user("ada@example.test", emails=[{"value": "ada@example.test"}])["id"]
        self.group = idp.group("Engineering")["id"]

    @property
    def ids(self) -> list[str]:
        """People who are here, people who are gone, somebody who never was."""
        return [*(one["id"] for one in self.people), *self.gone, "00000000-0000-4000-8000-000000000000"]

    @property
    def known(self) -> People:
        here = {one["id"]: one["userName"] for one in self.people}
        return People(here, frozenset(self.gone), strategies.OTHER_GROUPS)


@pytest.fixture
def world(db: None) -> World:
    return World(new_idp())


@examples(200, home=SQLITE)
@given(user=strategies.users, operations=strategies.user_operations)
def test_a_patch_of_a_user_leaves_what_the_rfc_says(world: World, user: Document, operations: list[Document]) -> None:
    path = f"/Users/{world.user}"
    before = _put(world.idp, path, {"externalId": None, **user})  # without it, the last one would be kept (R4)
    assert _shown(before) == user
    answer = world.idp.patch(path, *operations)
    after = world.idp.get(path).json()
    expected = _outcome(lambda: patched_user(user, operations, taken=strategies.TAKEN))
    if isinstance(expected, Refused):
        assert problem(answer) in _refusals(expected), answer.content
        assert after == before
        return
    assert answer.status_code == 200, (answer.content, expected)
    assert answer.json() == after
    assert _shown(after) == expected
    assert after["schemas"] == [CORE_USER, *([ENTERPRISE] if ENTERPRISE in expected else []), PORTAL_USER]
    assert after[PORTAL_USER] == _in_the_portal(expected)
    if "name" not in str(operations).lower():  # the portal's own names may follow where the record stays the same (R4)
        assert (after["meta"]["version"] == before["meta"]["version"]) == (expected == user), "the version"


def _outcome(patched: Callable[[], Document]) -> Document | Refused:
    try:
        return patched()
    except Refused as refused:
        return refused


def _put(idp: IdP, path: str, body: Document) -> Document:
    answer = idp.put(path, body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def _shown(document: Document) -> Document:
    """The IdP's own view: what a PATCH is about."""
    return {name: value for name, value in document.items() if name not in _SHOWN_BESIDE}


def _in_the_portal(expected: Document) -> Document:
    """R2, R8: username and email came once; the status follows."""
    status = "enabled" if expected["active"] else "disabled"
    return {"username": "ada@example.test", "email": "ada@example.test", "status": status}


def _refusals(refused: Refused) -> set[tuple[int, str | None]]:
    return {(409 if scim_type == "uniqueness" else 400, scim_type) for scim_type in refused.scim_types}


@examples(200, home=SQLITE)
@given(group=strategies.groups, data=st.data())
def test_a_patch_of_a_group_leaves_what_the_rfc_says(world: World, group: Document, data: st.DataObject) -> None:
    path = f"/Groups/{world.group}"
    people = world.known
    state = {**group, "members": {world.ids[number] for number in group["members"]}}
    names = [one["userName"] for one in world.people]
    operations = data.draw(strategies.group_operations(world.ids, names))
    before = _put(world.idp, path, _group_body(state))
    assert _group_state(before) == state
    answer = world.idp.patch(path, *operations)
    after = world.idp.get(path).json()
    expected = _outcome(lambda: patched_group(state, operations, people))
    if isinstance(expected, Refused):
        assert problem(answer) in _refusals(expected), answer.content
        assert after == before
        return
    assert answer.status_code == 204, (answer.content, expected)
    assert _group_state(after) == _kept(expected)
    assert (after["meta"]["version"] == before["meta"]["version"]) == (_kept(expected) == state), "the version"


def _group_body(state: Document) -> Document:
    members = [{"value": one} for one in sorted(state["members"])]
    return {"displayName": state["displayName"], "externalId": state["externalId"], "members": members}


def _group_state(group: Document) -> Document:
    ids = member_ids(group)
    assert len(ids) == len(set(ids)), "a member twice"
    return {"displayName": group["displayName"], "externalId": group.get("externalId"), "members": set(ids)}


def _kept(state: Document) -> Document:
    """An empty externalId is none."""
    return {**state, "externalId": state["externalId"] or None}
