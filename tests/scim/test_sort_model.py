"""Sorting through the front door against the reference model (SR-26), by all that /Schemas publishes."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from tests.clients import IdP
from tests.examples import POSTGRESQL, some
from tests.loops import each
from tests.scim.directory import GROUPS, PEOPLE, TYPES, Directory
from tests.scim.filter_model import in_order


@pytest.mark.parametrize("endpoint", TYPES)
def test_every_attribute_can_be_sorted_by(directory: Directory, endpoint: str) -> None:
    """Both ways, by index and by cursor, and at the root; complex and binary ones have no order."""
    documents = directory.listed(endpoint)
    for attribute in each(some(directory.attributes(*TYPES[endpoint]), home=POSTGRESQL), at_least=2):
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
