"""Nothing is acknowledged that was not understood: every published attribute in every wrong shape, by every operation.

A request is refused and leaves everything as it was, or what it did is what it said. Some hundred cases in the suite,
chosen by a seed; `HYPOTHESIS_PROFILE=thorough` tries them all.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse

from identity.models import Group, Membership, SSOGroup, SSOMembership, SSOUser, SSOUserValue, User
from tests.clients import IdP, new_idp, problem
from tests.examples import IS_THOROUGH, SQLITE, share
from tests.rows import rows_of
from tests.scim.helpers import CORE_GROUP, CORE_USER, ENTERPRISE, FULL, PORTAL_USER, Document, mapped

IN_THE_SUITE = 400
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

SHAPES: dict[str, Any] = {
    "null": None,
    "an empty list": [],
    "an empty object": {},
    "true": True,
    "false": False,
    "zero": 0,
    "a number": 12,
    "a text": "oddly",
    "an empty text": "",
    "a nested list": [["x"]],
    "an empty list in a list": [[]],
    "a list of null": [None],
    "a list of nothing": [{}],
    "a list of numbers": [12],
    "a list of false": [False],
    "unknown members": {"foo": "bar"},
    "a list of unknown members": [{"foo": "bar"}],
    "JSON text of unknown members": '[{"foo": "bar"}]',
    "JSON text of nothing": "[{}]",
    "broken JSON text": '[{"value": "x"',
    "very odd": [{"value": {"value": ["x"]}}],
}
WAYS = ("add", "replace", "remove", "add without path", "replace without path", "put", "bulk put", "post")


@dataclass(frozen=True)
class Attribute:
    """As /Schemas publishes it."""

    urn: str
    name: str
    sub: str = ""
    kind: str = ""
    is_multiple: bool = False
    is_read_only: bool = False

    @property
    def path(self) -> str:
        head = self.name if self.urn in {CORE_USER, CORE_GROUP} else f"{self.urn}:{self.name}"
        return f"{head}.{self.sub}" if self.sub else head

    def value_in(self, document: Document) -> Any:
        home = document if self.urn in {CORE_USER, CORE_GROUP} else document.get(self.urn, {})
        return home.get(self.name)


def published(idp: IdP, *urns: str) -> list[Attribute]:
    """Every attribute and sub-attribute of these schemas."""
    return [each for urn in urns for each in _attributes(urn, idp.get(f"/Schemas/{urn}").json()["attributes"])]


def _attributes(urn: str, described: list[Document]) -> Iterator[Attribute]:
    for each in described:
        read_only = each["mutability"] in {"readOnly", "writeOnly"}
        yield Attribute(urn, each["name"], "", each["type"], each["multiValued"], read_only)
        for sub in each.get("subAttributes", []):
            read_only_sub = read_only or sub["mutability"] == "readOnly"
            yield Attribute(urn, each["name"], sub["name"], sub["type"], each["multiValued"], read_only_sub)


def sampled(cases: list[Any]) -> list[Any]:
    return cases if IS_THOROUGH else random.Random(20261130).sample(cases, share(IN_THE_SUITE, home=SQLITE))


def rows() -> Any:
    return rows_of((User, SSOUser, SSOUserValue, SSOGroup, SSOMembership, Membership, Group))


@dataclass
class World:
    idp: IdP
    user: Document
    group: Document
    portal_group: Group

    def send(self, endpoint: str, resource: Document, way: str, attribute: Attribute, value: Any) -> HttpResponse:
        path = f"/{endpoint}/{resource['id']}"
        match way.split():
            case ["post"]:
                name = {"Users": {"userName": "new"}, "Groups": {"displayName": "New"}}[endpoint]
                return self.idp.post(f"/{endpoint}", {**name, **_said(attribute, {}, value)})
            case ["put"]:
                return self.idp.put(path, _whole(attribute, resource, value))
            case ["bulk", "put"]:
                operation = {"method": "PUT", "path": path, "data": _whole(attribute, resource, value)}
                return self.idp.post("/Bulk", {"schemas": [BULK], "Operations": [operation]})
            case [op, "without", "path"]:
                return self.idp.patch(path, {"op": op, "value": {attribute.path: value}})
            case [op]:
                return self.idp.patch(path, {"op": op, "path": attribute.path, "value": value})
        raise AssertionError(way)


def _whole(attribute: Attribute, resource: Document, value: Any) -> Document:
    return {**resource, **_said(attribute, resource, value)}


def _said(attribute: Attribute, resource: Document, value: Any) -> Document:
    """The attribute's part of a body, with this value for it or for its sub-attribute."""
    said = value
    if attribute.sub:
        before = deepcopy(attribute.value_in(resource)) or ([{}] if attribute.is_multiple else {})
        for each in before if attribute.is_multiple else [before]:
            each[attribute.sub] = value
        said = before
    if attribute.urn in {CORE_USER, CORE_GROUP}:
        return {attribute.name: said}
    return {attribute.urn: {**resource.get(attribute.urn, {}), attribute.name: said}}


@pytest.fixture
def world(db: None) -> World:
    idp = new_idp()
    user = idp.post("/Users", {**FULL, "active": True}).json()
    members = [idp.user() for _ in range(3)]
    group = idp.group("Guides", members, externalId="g1")
    portal_group = mapped(group, "Staff")
    return World(idp, user, idp.get(f"/Groups/{group['id']}").json(), portal_group)


def outcome(answer: HttpResponse) -> int:
    """The status, of a bulk request that of its operation."""
    body = answer.json() if answer.content else {}
    if "Operations" in body:
        return int(body["Operations"][0]["status"])
    assert answer.status_code < 400 or problem(answer)
    return answer.status_code


def is_understood(attribute: Attribute, way: str, value: Any, before: Any, after: Any) -> bool:
    """Whether `after` is what the request said: nothing, the value as it was sent, or that there is none."""
    if after == before or after == _as_sent(attribute, value, before):
        return True
    if attribute.sub == "primary" and value is True:  # one is, and the others no longer (RFC 7644 section 3.5.2)
        return _without(after, "primary") == _without(before, "primary") and str(after).count("True") == 1
    if attribute.name == "manager" and isinstance(value, str) and not attribute.sub:  # an id alone, or none to clear
        return after == ({**before, "value": value} if value else None)
    if attribute.sub:
        return _without(before, attribute.sub) == after and (value is None or way == "remove")
    if after in (None, [], ""):
        return _says_none(attribute, way, value)
    return way == "add" and _adds(attribute, value, before, after)


def _as_sent(attribute: Attribute, value: Any, before: Any) -> Any:
    value = value[0] if isinstance(value, list) and len(value) == 1 and not attribute.is_multiple else value
    if not attribute.sub:
        bare = isinstance(value, str) and attribute.kind == "complex"
        one = {"value": value} if bare else value
        return [one] if bare and attribute.is_multiple else one
    if not isinstance(value, str | bool):
        return None
    entries = [{**each, attribute.sub: value} for each in (before if attribute.is_multiple else [before])]
    return entries if attribute.is_multiple else entries[0]


def _without(value: Any, sub: str) -> Any:
    if isinstance(value, list):
        return [_without(each, sub) for each in value]
    return {name: item for name, item in value.items() if name != sub}


def _says_none(attribute: Attribute, way: str, value: Any) -> bool:
    if way == "remove":
        return value is None or not attribute.is_multiple
    if way.startswith("add"):
        return False
    is_empty_object = value == {} and "put" in way and attribute.kind == "complex" and not attribute.is_multiple
    return value is None or (attribute.is_multiple and value in ([], [None])) or value == "" or is_empty_object


def _adds(attribute: Attribute, value: Any, before: Any, after: Any) -> bool:
    return bool(attribute.is_multiple and isinstance(value, str) and after == [*before, {"value": value}])


def rest(document: Document, attribute: Attribute) -> Document:
    """What an operation on this attribute has no business with."""
    beside = {"meta", "schemas", PORTAL_USER}
    kept = {name: value for name, value in document.items() if name not in {*beside, attribute.name}}
    inner = {name: value for name, value in document.get(ENTERPRISE, {}).items() if name != attribute.name}
    return {**kept, ENTERPRISE: inner}


def fault(world: World, endpoint: str, attribute: Attribute, way: str, shape: str) -> str:
    """What is wrong with the answer; nothing, if it is refused as a whole or did what was said."""
    value, resource = SHAPES[shape], world.user if endpoint == "Users" else world.group
    before = rows()
    answer = world.send(endpoint, resource, way, attribute, value)
    status = outcome(answer)
    if status >= 500:
        return f"{status}"
    if status >= 400:
        return "" if rows() == before else f"{status}, and something changed"
    if way == "post":
        return fault_of_new(attribute, value, attribute.value_in(answer.json()))
    after = world.idp.get(f"/{endpoint}/{resource['id']}").json()
    old, new = attribute.value_in(resource), attribute.value_in(after)
    if not is_understood(attribute, way.removesuffix(" without path"), value, old, new):
        return f"{old} → {new}"
    return "" if rest(after, attribute) == rest(resource, attribute) else "something else changed"


def fault_of_new(attribute: Attribute, value: Any, made: Any) -> str:
    empty: Any = [{}] if attribute.is_multiple else {}
    if attribute.name == "active" and value is None:
        return "" if made is True else f"made {made}"  # as if it had not been said
    if made is None and (attribute.is_read_only or attribute.sub or _says_none(attribute, "put", value)):
        return ""
    return "" if made == _as_sent(attribute, value, empty) else f"made {made}"


def play(world: World, endpoint: str, urns: tuple[str, ...]) -> None:
    faults = []
    for attribute, way, shape in sampled([*product(published(world.idp, *urns), WAYS, SHAPES)]):
        with transaction.atomic():
            told = f"{way} {attribute.path} {json.dumps(SHAPES[shape])}"
            if found := fault(world, endpoint, attribute, way, shape) or fault_of_the_portal(world):
                faults.append(f"{told}: {found}")
            transaction.set_rollback(True)
    assert faults == [], "\n".join(faults)


def fault_of_the_portal(world: World) -> str:
    """R15: the mapped portal group has the members that the identity provider's group has."""
    here = {*Membership.objects.filter(group=world.portal_group).values_list("user", flat=True)}
    there = SSOMembership.objects.filter(sso_group__scim_id=world.group["id"]).values_list("sso_user__user", flat=True)
    return "" if here == {*there} else "the portal group has other members"


def test_a_user_is_changed_as_was_said_or_not_at_all(world: World) -> None:
    play(world, "Users", (CORE_USER, ENTERPRISE))


def test_a_mapped_group_is_changed_as_was_said_or_not_at_all(world: World) -> None:
    play(world, "Groups", (CORE_GROUP,))
