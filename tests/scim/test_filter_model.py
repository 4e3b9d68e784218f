"""Filters through the front door against the reference model (SR-26), on all that /Schemas publishes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.clients import problem
from tests.examples import POSTGRESQL, examples
from tests.loops import each
from tests.scim.directory import TYPES, Directory
from tests.scim.filter_strategies import Filters, spelled
from tests.scim.helpers import Document


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


@examples(200, home=POSTGRESQL)
@given(dice=st.randoms(use_true_random=False))
def test_a_filter_selects_the_users_that_the_rfc_says(people: Prepared, dice: Random) -> None:
    _selects_what_the_rfc_says("/Users", people, dice)


@examples(200, home=POSTGRESQL)
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
