"""Lists and searches: pages, totals, order and projection (RFC 7644 section 3.4.2, 3.4.3 and 3.9)."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from identity.models import SSOUser, User
from tests import clock
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import CORE_USER, ENTERPRISE, LIST, PORTAL_GROUP, PORTAL_USER, SEARCH, Document

NAMES = ["ann", "Ben", "cat", "Dan", "eve"]


@pytest.fixture
def five(idp: IdP) -> list[Document]:
    return [idp.user(name, title=name.upper()) for name in NAMES]


def names(answer: HttpResponse) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [found.get("userName") or found["displayName"] for found in answer.json()["Resources"]]


def head(answer: HttpResponse) -> tuple[int, int, int]:
    body = answer.json()
    assert body["schemas"] == [LIST]
    assert body["itemsPerPage"] == len(body["Resources"])
    return body["totalResults"], body["startIndex"], body["itemsPerPage"]


# --- pages ------------------------------------------------------------------------------------------------


def test_a_list_is_answered_whole(idp: IdP) -> None:
    user = idp.user()
    assert idp.get("/Users").json() == {
        "schemas": [LIST],
        "totalResults": 1,
        "startIndex": 1,
        "itemsPerPage": 1,
        "Resources": [user],
    }


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups", "/"])
def test_an_empty_list_is_a_list(idp: IdP, endpoint: str) -> None:
    assert idp.get(endpoint).json() == {
        "schemas": [LIST],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


PAGES: list[tuple[dict[str, Any], tuple[int, int, int], list[str]]] = [
    ({}, (5, 1, 5), NAMES),
    ({"startIndex": 1, "count": 2}, (5, 1, 2), NAMES[:2]),
    ({"startIndex": 3, "count": 2}, (5, 3, 2), NAMES[2:4]),
    ({"startIndex": 5, "count": 2}, (5, 5, 1), NAMES[4:]),
    ({"startIndex": 6, "count": 2}, (5, 6, 0), []),
    ({"startIndex": 10**17}, (5, 10**17, 0), []),
    ({"startIndex": 0, "count": 1}, (5, 1, 1), NAMES[:1]),
    ({"startIndex": -7, "count": 1}, (5, 1, 1), NAMES[:1]),
    ({"count": 0}, (5, 1, 0), []),
    ({"count": -3}, (5, 1, 0), []),
    ({"count": 5}, (5, 1, 5), NAMES),
    ({"count": 100_000}, (5, 1, 5), NAMES),
    ({"startIndex": "", "count": ""}, (5, 1, 5), NAMES),
    ({"STARTINDEX": 2, "Count": 1}, (5, 2, 1), NAMES[1:2]),
]


@pytest.mark.parametrize(("parameters", "expected", "page"), PAGES, ids=str)
@pytest.mark.usefixtures("five")
def test_a_page_is_what_start_index_and_count_say(
    idp: IdP, parameters: dict[str, Any], expected: tuple[int, int, int], page: list[str]
) -> None:
    answer = idp.get("/Users", **parameters)
    assert (names(answer), head(answer)) == (page, expected)
    searched = idp.post("/Users/.search", {"schemas": [SEARCH], **parameters})
    assert searched.json() == answer.json()


@pytest.mark.parametrize("name", ["startIndex", "count"])
@pytest.mark.parametrize("value", ["x", "1.5", "1e3", "9" * 30])
def test_a_page_is_named_by_integers(idp: IdP, name: str, value: str) -> None:
    answer = idp.get("/Users", **{name: value})
    assert problem(answer) == (400, "invalidValue")
    assert name in answer.json()["detail"]


def test_no_page_exceeds_the_published_maximum(idp: IdP) -> None:
    maximum = idp.get("/ServiceProviderConfig").json()["filter"]["maxResults"]
    people = [User(username=f"u{n}", username_key=f"u{n}") for n in range(maximum + 5)]
    User.objects.bulk_create(people)
    SSOUser.objects.bulk_create(
        SSOUser(
            identity_provider=idp.provider,
            user=person,
            user_name=person.username,
            user_name_key=person.username,
            attributes={"userName": person.username},
        )
        for person in people
    )
    assert head(idp.get("/Users", count=maximum * 5)) == (maximum + 5, 1, maximum)
    assert head(idp.get("/Users")) == (maximum + 5, 1, 100)


def test_pages_in_a_row_are_the_whole_list_once(idp: IdP, five: list[Document]) -> None:
    """Also while a user in the middle changes: the order is by age."""
    seen = names(idp.get("/Users", startIndex=1, count=2))
    idp.patch(f"/Users/{five[0]['id']}", {"op": "replace", "path": "title", "value": "Z"})
    seen += names(idp.get("/Users", startIndex=3, count=2)) + names(idp.get("/Users", startIndex=5, count=2))
    assert seen == NAMES


@pytest.mark.usefixtures("five")
def test_totals_count_what_the_filter_selects(idp: IdP) -> None:
    answer = idp.get("/Users", filter='userName co "n"', count=2)
    assert (names(answer), head(answer)) == (["ann", "Ben"], (3, 1, 2))


@pytest.mark.usefixtures("five")
def test_another_idp_sees_and_counts_none_of_it(idp: IdP) -> None:
    """SR-4."""
    idp.group("Staff")
    other = new_idp()
    for endpoint in ("/Users", "/Groups", "/"):
        assert head(other.get(endpoint)) == (0, 1, 0)
        assert head(other.get(endpoint, count=0)) == (0, 1, 0)
        assert head(other.get(endpoint, filter="id pr")) == (0, 1, 0)


# --- cursors (RFC 9865) -----------------------------------------------------------------------------------


def all_by_cursor(idp: IdP, **parameters: Any) -> list[str]:
    seen: list[str] = []
    cursor = ""
    for _ in range(20):
        answer = idp.get("/Users", cursor=cursor, **parameters)
        page = names(answer)
        assert page or not seen  # a next page has something on it
        seen += page
        cursor = answer.json().get("nextCursor", "")
        if not cursor:
            return seen
    raise AssertionError("the cursors never end")


@pytest.mark.parametrize("order", ["", "ascending", "descending"])
@pytest.mark.parametrize(
    "sort_by", ["", "userName", "title", "nickName", "meta.created", "id", "active", "emails.value"]
)
@pytest.mark.usefixtures("five")
def test_cursors_walk_through_the_very_list(idp: IdP, order: str, sort_by: str) -> None:
    parameters = {name: value for name, value in {"sortBy": sort_by, "sortOrder": order}.items() if value}
    expected = names(idp.get("/Users", **parameters))
    for count in (1, 2, 5, 6):
        assert all_by_cursor(idp, count=count, **parameters) == expected


@pytest.mark.usefixtures("five")
def test_a_cursor_belongs_to_its_query_and_its_idp(idp: IdP) -> None:
    cursor = idp.get("/Users", cursor="", count=2, filter="title pr").json()["nextCursor"]
    assert names(idp.get("/Users", cursor=cursor, count=2, filter="title pr")) == NAMES[2:4]
    for answer in (
        idp.get("/Users", cursor=cursor, count=2),
        idp.get("/Users", cursor=cursor, count=2, filter="title pr", sortBy="userName"),
        idp.get("/Groups", cursor=cursor, count=2, filter="title pr"),
        new_idp().get("/Users", cursor=cursor, count=2, filter="title pr"),
        idp.get("/Users", cursor=cursor[:-2], count=2, filter="title pr"),
        idp.get("/Users", cursor="x~y~z", count=2),
        idp.get("/Users", cursor=cursor, startIndex=2, filter="title pr"),
    ):
        status, scim_type = problem(answer)
        assert (status, scim_type) in {(400, "invalidCursor"), (400, "invalidFilter")}


@pytest.mark.usefixtures("five")
def test_a_cursor_expires(idp: IdP) -> None:
    """Not before the time that ServiceProviderConfig tells."""
    timeout = idp.get("/ServiceProviderConfig").json()["pagination"]["cursorTimeout"]
    cursor = idp.get("/Users", cursor="", count=2).json()["nextCursor"]
    with clock.later(seconds=timeout - 5):
        assert names(idp.get("/Users", cursor=cursor, count=2)) == NAMES[2:4]
    with clock.later(seconds=timeout + 5):
        answer = idp.get("/Users", cursor=cursor, count=2)
    assert problem(answer) == (400, "expiredCursor")
    assert str(timeout) in answer.json()["detail"]


def test_a_cursor_with_a_count_that_is_none_is_refused(idp: IdP) -> None:
    for count in ("x", "1.5", "9" * 30):
        assert problem(idp.get("/Users", cursor="", count=count)) == (400, "invalidCount")


@pytest.mark.parametrize("count", [0, -1, -1000])
def test_a_cursor_with_a_count_of_nothing_gives_totals_only(idp: IdP, count: int) -> None:
    for name in ("ann", "ben", "cat"):
        idp.user(name, title="x")
    answer = idp.get("/Users", cursor="", count=count, filter="title pr").json()
    assert answer == {"schemas": [LIST], "totalResults": 3, "itemsPerPage": 0, "Resources": []}


@pytest.mark.parametrize(
    ("query", "scim_type"),
    [
        ('filter=userName eq "a"&filter=userName pr', "invalidFilter"),
        ('filter=userName eq "a"&FILTER=userName pr', "invalidFilter"),
        ("count=1&count=2", "invalidValue"),
        ("attributes=userName&attributes=title", "invalidValue"),
        ("cursor=&Cursor=", "invalidValue"),
    ],
)
def test_a_parameter_that_is_given_twice_is_refused(idp: IdP, query: str, scim_type: str) -> None:
    for path in ("/Users", "/Groups", "/"):
        answer = idp.send("GET", f"{path}?{query}")
        assert problem(answer) == (400, scim_type)
        assert "is given twice" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize("value", ['emails[type eq "work"]', 'userName,emails[type eq "work"].value', "emails["])
def test_attributes_take_no_filter_and_say_so(idp: IdP, name: str, value: str) -> None:
    answer = idp.get("/Users", **{name: value})
    assert problem(answer) == (400, "invalidValue")
    assert answer.json()["detail"] == f"{name} names attributes, such as emails or emails.value, and takes no filter."


# --- order ------------------------------------------------------------------------------------------------

ORDERS: list[tuple[str, list[str]]] = [
    ("userName", ["ann", "Ben", "Cat"]),
    ("USERNAME", ["ann", "Ben", "Cat"]),
    (f"{CORE_USER}:userName", ["ann", "Ben", "Cat"]),
    ("meta.created", ["Cat", "ann", "Ben"]),
    ("meta.lastModified", ["Cat", "ann", "Ben"]),
    ("name.familyName", ["Cat", "Ben", "ann"]),
    ("externalId", ["Ben", "Cat", "ann"]),
    ("title", ["Cat", "Ben", "ann"]),
    ("emails", ["ann", "Cat", "Ben"]),
    ("emails.value", ["ann", "Cat", "Ben"]),
    (f"{ENTERPRISE}:department", ["Cat", "ann", "Ben"]),
    (f"{PORTAL_USER}:username", ["ann", "Ben", "Cat"]),
    ("active", ["Ben", "Cat", "ann"]),
]


@pytest.fixture
def three(idp: IdP) -> None:
    """Nobody has everything: missing values come last in ascending order."""
    idp.user(
        "Cat",
        name={"familyName": "alpha"},
        externalId="b",
        title="x",
        emails=[{"value": "zz"}, {"value": "b", "primary": True}],
        **{ENTERPRISE: {"department": "A"}},
    )
    idp.user("ann", externalId="c", emails=[{"value": "A"}, {"value": "z"}], **{ENTERPRISE: {"department": "b"}})
    idp.user("Ben", name={"familyName": "Beta"}, externalId="B", title="É", active=False)


@pytest.mark.parametrize(("sort_by", "expected"), ORDERS)
@pytest.mark.usefixtures("three")
def test_users_are_sorted_by(idp: IdP, sort_by: str, expected: list[str]) -> None:
    """Missing values last, case as the attribute has it (RFC 7644 section 3.4.2.3)."""
    ascending = names(idp.get("/Users", sortBy=sort_by))
    assert ascending == expected
    assert names(idp.get("/Users", sortBy=sort_by, sortOrder="Ascending")) == ascending
    assert names(idp.get("/Users", sortBy=sort_by, sortOrder="descending")) == ascending[::-1]


def test_groups_are_sorted_by_name(idp: IdP) -> None:
    for name in ("beta", "Alpha", "gamma"):
        idp.group(name)
    assert names(idp.get("/Groups", sortBy="displayName")) == ["Alpha", "beta", "gamma"]
    assert names(idp.get("/Groups", sortBy="displayName", sortOrder="descending")) == ["gamma", "beta", "Alpha"]


@pytest.mark.parametrize(
    "sort_by", ["unknown", "emails[", 'emails[type eq "work"]', "name", "urn:x:y", "password", "members"]
)
def test_what_can_not_be_sorted_by_is_refused(idp: IdP, sort_by: str) -> None:
    """`name` and unknown attributes name nothing that has an order."""
    status, scim_type = problem(idp.get("/Users", sortBy=sort_by))
    assert (status, scim_type) == (400, "invalidPath")


def test_there_are_two_orders(idp: IdP) -> None:
    answer = idp.get("/Users", sortBy="userName", sortOrder="sideways")
    assert problem(answer) == (400, "invalidValue")
    assert "sortOrder" in answer.json()["detail"]


# --- projection -------------------------------------------------------------------------------------------


@pytest.fixture
def ann(idp: IdP) -> Document:
    user = idp.user(
        "ann",
        name={"givenName": "Ann", "familyName": "Bo"},
        emails=[{"value": "a@b.c", "type": "work"}, {"value": "h@b.c", "type": "home"}],
        **{ENTERPRISE: {"department": "R&D", "manager": {"value": "m1", "displayName": "M"}}},
    )
    idp.group("Staff", [user])
    return idp.get(f"/Users/{user['id']}").json()


ALWAYS = {"schemas", "id"}

WANTED: list[tuple[str, dict[str, Any]]] = [
    ("userName", {"userName": ...}),
    ("USERNAME", {"userName": ...}),
    ("userName,emails", {"userName": ..., "emails": ...}),
    (" userName , emails ", {"userName": ..., "emails": ...}),
    ("name.givenName", {"name": {"givenName": "Ann"}}),
    ("name.givenName,name", {"name": ...}),
    ("name,name.givenName", {"name": ...}),
    ("emails.value", {"emails": [{"value": "a@b.c"}, {"value": "h@b.c"}]}),
    ("emails.display", {}),
    ("groups", {"groups": ...}),
    ("groups.display", {"groups": [{"display": "Staff"}]}),
    ("meta.version", {"meta": {"version": 'W/"1"'}}),
    ("active", {"active": ...}),
    (ENTERPRISE, {ENTERPRISE: ...}),
    (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": "R&D"}}),
    (f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": "m1"}}}),
    (f"{PORTAL_USER}:status", {PORTAL_USER: {"status": "enabled"}}),
    (f"{CORE_USER}:userName", {"userName": ...}),
    (f"{CORE_USER}:name.familyName", {"name": {"familyName": "Bo"}}),
    ("id", {}),
    ("unknown", {}),
    ("urn:x:y:z", {}),
]


@pytest.mark.parametrize(("attributes", "expected"), WANTED)
def test_only_the_attributes_asked_for(idp: IdP, ann: Document, attributes: str, expected: Document) -> None:
    wanted = {name: ann[name] if value is ... else value for name, value in expected.items()}
    wanted |= {name: ann[name] for name in ALWAYS}
    assert idp.get(f"/Users/{ann['id']}", attributes=attributes).json() == wanted
    assert idp.get("/Users", attributes=attributes).json()["Resources"] == [wanted]
    for given in (attributes, attributes.split(",")):
        body = {"schemas": [SEARCH], "attributes": given}
        assert idp.post("/Users/.search", body).json()["Resources"] == [wanted]
    patch = {"op": "replace", "path": "title", "value": None}
    assert idp.patch(f"/Users/{ann['id']}?attributes={attributes}", patch).json() == wanted


UNWANTED: list[tuple[str, dict[str, Any]]] = [
    ("emails", {"emails": None}),
    ("EMAILS,name", {"emails": None, "name": None}),
    ("emails.type", {"emails": [{"value": "a@b.c"}, {"value": "h@b.c"}]}),
    ("name.givenName", {"name": {"familyName": "Bo"}}),
    ("name.givenName,name.familyName", {"name": None}),
    ("groups", {"groups": None}),
    ("meta", {"meta": None}),
    (ENTERPRISE, {ENTERPRISE: None}),
    (f"{ENTERPRISE}:department", {ENTERPRISE: {"manager": {"value": "m1", "displayName": "M"}}}),
    (f"{ENTERPRISE}:manager.displayName", {ENTERPRISE: {"department": "R&D", "manager": {"value": "m1"}}}),
    (PORTAL_USER, {PORTAL_USER: None}),
    ("id,schemas", {}),
    ("unknown", {}),
]


@pytest.mark.parametrize(("excluded", "expected"), UNWANTED)
def test_all_but_the_excluded_attributes(idp: IdP, ann: Document, excluded: str, expected: Document) -> None:
    """`id` and `schemas` are returned always (RFC 7643 section 7)."""
    wanted = {name: value for name, value in (ann | expected).items() if value is not None}
    assert idp.get(f"/Users/{ann['id']}", excludedAttributes=excluded).json() == wanted
    assert idp.get("/Users", excludedattributes=excluded).json()["Resources"] == [wanted]
    body = {"schemas": [SEARCH], "excludedAttributes": excluded.split(",")}
    assert idp.post("/Users/.search", body).json()["Resources"] == [wanted]


def test_projection_of_groups(idp: IdP) -> None:
    group = idp.group("Staff", [idp.user()], externalId="g")
    path = f"/Groups/{group['id']}"
    assert idp.get(path, attributes="members.value").json() == {
        "schemas": group["schemas"],
        "id": group["id"],
        "members": [{"value": group["members"][0]["value"]}],
    }
    without = idp.get(path, excludedAttributes="members").json()
    assert without == {name: value for name, value in group.items() if name != "members"}
    assert idp.get(path, attributes=PORTAL_GROUP).json() == {"schemas": group["schemas"], "id": group["id"]}


def test_answers_to_writes_are_projected_too(idp: IdP) -> None:
    created = idp.post("/Users?attributes=userName", {"userName": "ann", "title": "x"})
    assert set(created.json()) == ALWAYS | {"userName"}
    replaced = idp.put(f"/Users/{created.json()['id']}?excludedAttributes=title", {"userName": "ann", "title": "y"})
    assert "title" not in replaced.json()


@pytest.mark.parametrize(
    "parameters", [{"attributes": "a[", "x": 1}, {"attributes": "id", "excludedAttributes": "title"}]
)
def test_a_projection_that_makes_no_sense_is_refused(idp: IdP, parameters: dict[str, Any]) -> None:
    assert problem(idp.get("/Users", **parameters)) == (400, "invalidValue")


# --- .search ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("five")
def test_search_takes_everything_that_a_list_does(idp: IdP) -> None:
    parameters = {
        "filter": 'userName co "n"',
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 2,
        "count": 1,
        "attributes": ["userName"],
    }
    answer = idp.post("/Users/.search", {"schemas": [SEARCH], **parameters})
    assert answer.json() == idp.get("/Users", **{**parameters, "attributes": "userName"}).json()
    assert (names(answer), head(answer)) == (["Ben"], (3, 2, 1))
    assert answer["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize("value", [5, [], {}, True])
@pytest.mark.parametrize("name", ["filter", "sortBy", "sortOrder", "cursor"])
def test_search_parameters_have_their_types(idp: IdP, name: str, value: Any) -> None:
    assert problem(idp.post("/Users/.search", {"schemas": [SEARCH], name: value}))[0] == 400


@pytest.mark.parametrize("value", [True, 1.5, [], {}])
@pytest.mark.parametrize("name", ["startIndex", "count"])
def test_search_numbers_are_integers(idp: IdP, name: str, value: Any) -> None:
    assert problem(idp.post("/Users/.search", {"schemas": [SEARCH], name: value})) == (400, "invalidValue")


# --- the root ---------------------------------------------------------------------------------------------


def test_the_root_searches_users_and_groups(idp: IdP) -> None:
    user = idp.user("ann", displayName="Ann", externalId="x")
    group = idp.group("Ann's", externalId="x")
    idp.user("ben", displayName="Ben")
    for answer in (
        idp.get("/", filter='displayName sw "ann"'),
        idp.get("/", filter='externalId eq "x"'),
        idp.post("/.search", {"schemas": [SEARCH], "filter": 'externalId eq "x"'}),
    ):
        assert answer.json()["Resources"] == [user, group]
    assert names(idp.get("/", filter='userName eq "ann"')) == ["ann"]
    assert names(idp.get("/", filter='meta.resourceType eq "Group"')) == ["Ann's"]
    assert names(idp.get("/", filter='not (userName eq "ann")')) == ["ben", "Ann's"]
    assert problem(idp.get("/", filter='unknown eq "ann"')) == (400, "invalidFilter")


def test_the_root_is_paged_over_both(idp: IdP) -> None:
    for name in ("b", "d"):
        idp.user(name, displayName=name)
    for name in ("a", "c"):
        idp.group(name)
    pages = [idp.get("/", startIndex=start, count=3) for start in (1, 4)]
    assert [names(page) for page in pages] == [["b", "d", "a"], ["c"]]
    assert [head(page) for page in pages] == [(4, 1, 3), (4, 4, 1)]
    assert names(idp.get("/", sortBy="displayName")) == ["a", "b", "c", "d"]
    assert names(idp.get("/", sortBy="displayName", sortOrder="descending", count=2)) == ["d", "c"]
