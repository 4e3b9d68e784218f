"""Filters and sorting through the front door against the reference model (SR-26), on all that /Schemas publishes.

A few hundred examples in the suite; `HYPOTHESIS_PROFILE=thorough` makes them 20,000.
"""

from __future__ import annotations

from random import Random

import pytest
from django.http import HttpResponse
from hypothesis import given, note
from hypothesis import strategies as st

from identity.models import SSOGroup, SSOUser, User
from tests.clients import IdP, new_idp, problem
from tests.factories import make_group, map_group
from tests.loops import each
from tests.scim.examples import examples
from tests.scim.filter_model import Attribute, attributes_of, in_order
from tests.scim.filter_strategies import WORDS, Filters, random_user, spelled
from tests.scim.helpers import CORE_GROUP, CORE_USER, ENTERPRISE, PORTAL_GROUP, PORTAL_USER, Document

PEOPLE = 14
GROUPS = ("Staff", "staff 2", "É", "b%", "Nobody's", "a\\b")


class Directory:
    """People and groups of any mixture of attributes, as their identity provider sees them."""

    def __init__(self, idp: IdP, seed: int) -> None:
        self.idp = idp
        self._dice = Random(seed)
        self._schemas = {schema["id"]: schema for schema in idp.get("/Schemas").json()["Resources"]}
        self._push_groups(self._push_people())
        self._let_them_live()
        new_idp().user("ann stranger", title="ann", externalId="ann")  # whom no answer may hold

    def _push_people(self) -> list[Document]:
        core, enterprise = (self._schemas[urn]["attributes"] for urn in (CORE_USER, ENTERPRISE))
        people = []
        for number in range(PEOPLE):
            document = random_user(core, self._dice, number)
            extension = random_user(enterprise, self._dice, number)
            extension.pop("active")
            more = {"externalId": self._dice.choice(WORDS)} if self._dice.random() < 0.6 else {}
            more |= {ENTERPRISE: extension} if extension else {}
            people.append(self.idp.user(document.pop("userName", f"Person {number}"), **document, **more))
        return people

    def _push_groups(self, people: list[Document]) -> None:
        for name in GROUPS:
            members = [one for one in people if self._dice.random() < 0.4]
            more = {"externalId": self._dice.choice(WORDS)} if self._dice.random() < 0.5 else {}
            self.idp.group(name, [] if name == "Nobody's" else members, **more)

    def _let_them_live(self) -> None:
        """Changes, sign-ins and mappings, so that versions, moments and the portal's extensions differ."""
        rows = list(SSOUser.objects.order_by("pk"))
        SSOUser.objects.filter(pk__in=[row.pk for row in rows[:5]]).update(version=12)
        users = [row.user_id for row in rows[3:7]]
        User.objects.filter(pk__in=users).update(last_active="2026-03-01T12:00:00Z")
        for number, sso_group in enumerate(SSOGroup.objects.order_by("pk")[:3]):
            map_group(sso_group, make_group(f"Portal {number}"))

    def attributes(self, *urns: str) -> list[Attribute]:
        return attributes_of(*(self._schemas[urn] for urn in urns))

    def listed(self, endpoint: str) -> list[Document]:
        documents: list[Document] = self.idp.get(endpoint, count=1000).json()["Resources"]
        return documents


@pytest.fixture(params=[1, 2])
def directory(db: None, request: pytest.FixtureRequest) -> Directory:
    return Directory(new_idp(), request.param)


TYPES = {"/Users": (CORE_USER, ENTERPRISE, PORTAL_USER), "/Groups": (CORE_GROUP, PORTAL_GROUP)}


@pytest.fixture
def people(directory: Directory) -> tuple[Directory, Filters, list[Document]]:
    return _prepared(directory, "/Users")


@pytest.fixture
def pushed_groups(directory: Directory) -> tuple[Directory, Filters, list[Document]]:
    return _prepared(directory, "/Groups")


def _prepared(directory: Directory, endpoint: str) -> tuple[Directory, Filters, list[Document]]:
    documents = directory.listed(endpoint)
    return directory, Filters(directory.attributes(*TYPES[endpoint]), documents), documents


Prepared = tuple[Directory, Filters, list[Document]]


@examples
@given(dice=st.randoms(use_true_random=False))
def test_a_filter_selects_the_users_that_the_rfc_says(people: Prepared, dice: Random) -> None:
    _selects_what_the_rfc_says("/Users", people, dice)


@examples
@given(dice=st.randoms(use_true_random=False))
def test_a_filter_selects_the_groups_that_the_rfc_says(pushed_groups: Prepared, dice: Random) -> None:
    _selects_what_the_rfc_says("/Groups", pushed_groups, dice)


def _selects_what_the_rfc_says(endpoint: str, prepared: Prepared, dice: Random) -> None:
    directory, filters, documents = prepared
    wanted = filters.random(dice)
    expression = spelled(wanted, dice)
    note(expression)
    answer = directory.idp.get(endpoint, filter=expression, count=100, attributes="id")
    assert answer.status_code == 200, (expression, answer.content)
    found = [one["id"] for one in answer.json()["Resources"]]
    assert found == [one["id"] for one in documents if wanted.matches(one)], expression


@pytest.mark.parametrize("endpoint", TYPES)
def test_every_attribute_can_be_asked_for(directory: Directory, endpoint: str) -> None:
    """Whether it is there: no attribute is published that a filter does not know."""
    documents = directory.listed(endpoint)
    for attribute in each(directory.attributes(*TYPES[endpoint]), at_least=5):
        answer = directory.idp.get(endpoint, filter=f"{attribute.path} pr", count=100)
        assert answer.status_code == 200, (attribute.path, problem(answer))
        have = [one["id"] for one in documents if attribute.values(one)]
        assert [one["id"] for one in answer.json()["Resources"]] == have, attribute.path


@pytest.mark.parametrize("endpoint", TYPES)
def test_every_attribute_can_be_sorted_by(directory: Directory, endpoint: str) -> None:
    """Both ways, by index and by cursor, and at the root; complex and binary ones have no order."""
    documents = directory.listed(endpoint)
    for attribute in each(directory.attributes(*TYPES[endpoint]), at_least=5):
        if attribute.kind in {"complex", "binary"} or attribute.name == "schemas":
            continue
        wanted = [one["id"] for one in in_order(documents, attribute)]
        for order, expected in (("ascending", wanted), ("descending", wanted[::-1])):
            query = {"sortBy": attribute.path, "sortOrder": order}
            assert _ids(directory.idp.get(endpoint, **query)) == expected, query
            assert _walked(directory.idp, endpoint, **query) == expected, query
            both = _ids(directory.idp.get("/", **query))
            assert len(both) == PEOPLE + len(GROUPS)
            assert [one for one in both if one in expected] == expected, query


def _ids(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["Resources"]]


def _walked(idp: IdP, endpoint: str, **query: str) -> list[str]:
    """The same list, five at a time."""
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = idp.get(endpoint, **query, count=5, cursor=cursor)
        seen += _ids(answer)
        cursor = answer.json().get("nextCursor")
    return seen
