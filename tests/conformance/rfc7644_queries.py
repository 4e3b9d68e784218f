"""RFC 7644 sections 3.4.2, 3.4.3, 3.9 and 3.10: lists, filters, sorting, paging, projection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.conformance.requirements import Check, Registry
from tests.conformance.service import CORE_USER, ENTERPRISE, LIST, SEARCH, Document, Service, need, path_of

rfc = Registry(7644)


@rfc.must("3.4.2", "A query answers with a ListResponse: schemas, totalResults, Resources.")
def list_response(service: Service) -> None:
    user = service.new_user()
    listed = service.get("/Users", filter=f'id eq "{user["id"]}"').having(200).json()
    need(listed["schemas"] == [LIST], "schemas does not say ListResponse")
    need(listed["totalResults"] == 1 and listed["Resources"] == [user], "the result is not the resource")


@rfc.must("3.4.2", "A query without a match is a success with totalResults 0, not 404.")
def no_match(service: Service) -> None:
    for endpoint in ("/Users", "/Groups"):
        listed = service.get(endpoint, filter='externalId eq "nobody has this"').having(200).json()
        need(listed["schemas"] == [LIST], "the answer is no list")
        need(listed["totalResults"] == 0 and not listed.get("Resources"), "something was found")


@rfc.must("3.4.2.1", "A query at the root covers resources of all types.")
def root_query(service: Service) -> None:
    user, group = service.new_user(), service.new_group()
    expression = f'id eq "{user["id"]}" or id eq "{group["id"]}"'
    need(set(service.found(expression, "/")) == {user["id"], group["id"]}, "the root does not find both")


_ADA = {
    "displayName": "Ada Lovelace",
    "title": "Countess",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"value": "ada@work.test", "type": "work"}, {"value": "ada@home.test", "type": "home"}],
    ENTERPRISE: {"department": "Engines"},
}
_BOB: Document = {"displayName": "Bob", "active": False, "emails": [{"value": "bob@home.test", "type": "home"}]}

# (section sentence, filter, whether it selects Ada, whether it selects Bob)
_FILTERS: list[tuple[str, str, bool, bool]] = [
    ("eq: equal", 'title eq "Countess"', True, False),
    ("ne: not equal", 'displayName ne "Bob"', True, False),
    ("co: contains", 'displayName co "Love"', True, False),
    ("sw: starts with", 'displayName sw "Ada"', True, False),
    ("ew: ends with", 'displayName ew "lace"', True, False),
    ("pr: present", "title pr", True, False),
    ("gt: greater than", 'displayName gt "Ada M"', False, True),
    ("ge: greater than or equal", 'displayName ge "Bob"', False, True),
    ("lt: less than", 'displayName lt "B"', True, False),
    ("le: less than or equal", 'displayName le "Ada Lovelace"', True, False),
    ("Booleans are compared as booleans", "active eq true", True, False),
    ("and", 'displayName sw "A" and title pr', True, False),
    ("or", 'title pr or displayName eq "Bob"', True, True),
    ("not", "not (title pr)", False, True),
    ("`and` binds more strongly than `or`", 'title pr or title pr and displayName eq "Bob"', True, False),
    ("Parentheses group", '(title pr or displayName eq "Bob") and displayName eq "Bob"', False, True),
    ("Sub-attributes are named with a dot", 'name.familyName eq "Lovelace"', True, False),
    ("Any value of a multi-valued attribute can match", 'emails.value eq "ada@home.test"', True, False),
    ("A comparison with a multi-valued attribute means its values", 'emails co "@work.test"', True, False),
    ("A value path holds all conditions for one value", 'emails[type eq "work" and value co "@home"]', False, False),
    ("A value path selects", 'emails[type eq "work" and value co "@work"]', True, False),
    ("Attribute names in any case", 'DISPLAYNAME eq "Bob"', False, True),
    ("Operators in any case", 'displayName EQ "Bob" OR TITLE Pr', True, True),
    ("Values without case unless the attribute is caseExact", 'displayName eq "bOB"', False, True),
    ("Extension attributes by URN", f'{ENTERPRISE}:department eq "Engines"', True, False),
    ("Core attributes by URN", f'{CORE_USER}:displayName eq "Bob"', False, True),
    ("Moments are compared as moments", 'meta.created gt "2001-01-01T00:00:00Z"', True, True),
]


def _selects(expression: str, ada: bool, bob: bool, service: Service) -> None:
    first, second = service.new_user(**_ADA), service.new_user(**_BOB)
    found = service.found(f'(id eq "{first["id"]}" or id eq "{second["id"]}") and ({expression})')
    wanted = [one["id"] for one, selected in ((first, ada), (second, bob)) if selected]
    need(sorted(found) == sorted(wanted), f"{expression} selects the wrong users")


for _sentence, _expression, _ada, _bob in _FILTERS:
    _check: Check = partial(_selects, _expression, _ada, _bob)
    rfc.must("3.4.2.2", f"Filters: {_sentence[0].lower()}{_sentence[1:]}.")(_check)


@rfc.must("3.4.2.2", "A filter that can't be read is refused with 400 invalidFilter.")
def broken_filter(service: Service) -> None:
    for expression in ("userName", "userName eq", "(userName pr", 'userName xx "y"', "userName eq two words"):
        service.get("/Users", filter=expression).refusing(400, "invalidFilter")


@rfc.must("3.4.2.1", "At the root, an attribute that a resource does not have matches nothing of it.")
def root_with_foreign_attribute(service: Service) -> None:
    user, group = service.new_user(), service.new_group()
    these = f'(id eq "{user["id"]}" or id eq "{group["id"]}")'
    need(service.found(f"{these} and userName pr", "/") == [user["id"]], "a group has a userName")
    need(service.found(f"{these} and not (userName pr)", "/") == [group["id"]], "a group is not found without one")


@rfc.must("3.4.2.2", "Every published attribute can be in a filter, the extensions' too.")
def filters_on_everything(service: Service) -> None:
    published = list(_published_paths(service))
    need(published, "nothing is published")
    for endpoint, path in published:
        service.get(endpoint, filter=f"{path} pr", count=1).having(200)


def _published_paths(service: Service) -> Iterator[tuple[str, str]]:
    """Endpoint and path of all attributes and sub-attributes that /Schemas describes."""
    schemas = {one["id"]: one for one in service.get("/Schemas").having(200).json()["Resources"]}
    for kind in service.get("/ResourceTypes").having(200).json()["Resources"]:
        for urn in (kind["schema"], *(one["schema"] for one in kind["schemaExtensions"])):
            for attribute in schemas[urn]["attributes"]:
                path = f"{urn}:{attribute['name']}"
                yield kind["endpoint"], path
                yield from ((kind["endpoint"], f"{path}.{sub['name']}") for sub in attribute.get("subAttributes", []))


@rfc.must("3.4.2.2", "An order comparison of Booleans is refused with 400 invalidFilter.")
def ordered_boolean(service: Service) -> None:
    service.get("/Users", filter="active gt true").refusing(400, "invalidFilter")


@rfc.should("3.4.2.2", "A filter by an attribute that nobody has never widens the result.")
def unknown_attribute(service: Service) -> None:
    service.new_user()
    service.get("/Users", filter='noSuchAttribute eq "x"').refusing(400, "invalidFilter")


def _three(service: Service) -> tuple[list[Document], str]:
    """Three users, and the filter that selects them; the last has no title."""
    mark = service.name("mark")
    users = [service.new_user(externalId=mark, **more) for more in ({"title": "b"}, {"title": "A"}, {})]
    return users, f'externalId eq "{mark}"'


def _sorted_ids(service: Service, expression: str, **query: Any) -> list[str]:
    listed = service.get("/Users", filter=expression, **query).having(200).json()
    return [one["id"] for one in listed["Resources"]]


@rfc.must("3.4.2.3", "sortBy orders ascending unless asked otherwise, without case, missing values last.")
def sort_ascending(service: Service) -> None:
    (b, a, none), expression = _three(service)
    need(_sorted_ids(service, expression, sortBy="title") == [a["id"], b["id"], none["id"]], "the order is another")


@rfc.must("3.4.2.3", "Of several values the primary one is sorted by, else the first.")
def sort_by_several(service: Service) -> None:
    mark = service.name("mark")
    values = [[{"value": "c"}, {"value": "a"}], [{"value": "z"}, {"value": "b", "primary": True}]]
    first, second = (service.new_user(externalId=mark, roles=roles) for roles in values)
    got = _sorted_ids(service, f'externalId eq "{mark}"', sortBy="roles")
    need(got == [second["id"], first["id"]], "the order is another")


@rfc.must("3.4.2.3", "sortOrder descending turns the order around, missing values first.")
def sort_descending(service: Service) -> None:
    (b, a, none), expression = _three(service)
    got = _sorted_ids(service, expression, sortBy="title", sortOrder="descending")
    need(got == [none["id"], b["id"], a["id"]], "the order is another")


@rfc.must("3.4.2.4", "startIndex counts from 1, and count limits the page.")
def pages(service: Service) -> None:
    users, expression = _three(service)
    first = service.get("/Users", filter=expression, startIndex=1, count=2).having(200).json()
    second = service.get("/Users", filter=expression, startIndex=3, count=2).having(200).json()
    need((first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (3, 2, 1), "the first page is wrong")
    need((second["totalResults"], second["itemsPerPage"], second["startIndex"]) == (3, 1, 3), "the last page is wrong")
    seen = {one["id"] for one in [*first["Resources"], *second["Resources"]]}
    need(seen == {one["id"] for one in users}, "the pages together are not the whole")


@rfc.must("3.4.2.4", "A startIndex below 1 means 1.")
def low_start(service: Service) -> None:
    _, expression = _three(service)
    for start in (0, -5):
        listed = service.get("/Users", filter=expression, startIndex=start).having(200).json()
        need(listed["startIndex"] == 1 and len(listed["Resources"]) == 3, f"startIndex {start} is not 1")


@rfc.must("3.4.2.4", "A negative count means 0, and a count of 0 answers totals only.")
def low_count(service: Service) -> None:
    _, expression = _three(service)
    for count in (0, -5):
        listed = service.get("/Users", filter=expression, count=count).having(200).json()
        need(listed["totalResults"] == 3 and not listed.get("Resources"), f"count {count} is not 0")


@rfc.must("3.4.2.4", "No page holds more than asked for, nor more than the published maximum.")
def high_count(service: Service) -> None:
    service.new_user()
    maximum = service.features()["filter"]["maxResults"]
    listed = service.get("/Users", count=10 * maximum).having(200).json()
    need(1 <= len(listed["Resources"]) <= maximum, "a page is larger than maxResults")
    need(len(service.get("/Users", count=1).having(200).json()["Resources"]) == 1, "a page is larger than asked for")


@rfc.must("3.4.3", "POST to .search queries as GET does, at an endpoint and at the root.")
def search(service: Service) -> None:
    user = service.new_user()
    body = {"schemas": [SEARCH], "filter": f'userName eq "{user["userName"]}"', "startIndex": 1, "count": 5}
    for path in ("/Users/.search", "/.search"):
        listed = service.post(path, body).having(200).json()
        need(
            listed["schemas"] == [LIST] and [one["id"] for one in listed["Resources"]] == [user["id"]], f"{path} fails"
        )


@rfc.must("3.4.3", "A .search takes attributes and sorting as GET does.")
def search_parameters(service: Service) -> None:
    users, expression = _three(service)
    body = {"schemas": [SEARCH], "filter": expression, "sortBy": "title", "attributes": ["title"]}
    found = service.post("/Users/.search", body).having(200).json()["Resources"]
    need([one.get("title") for one in found] == ["A", "b", None], "sortBy is not followed")
    need(all("userName" not in one for one in found) and len(found) == len(users), "attributes is not followed")


@rfc.must("3.9", "`attributes` limits the answer to these, and what is always returned.")
def attributes(service: Service) -> None:
    user = service.new_user(displayName="Ada", title="Countess", name={"givenName": "Ada", "familyName": "L"})
    got = service.get(path_of(user), attributes="title,name.givenName").having(200).json()
    need(set(got) == {"schemas", "id", "title", "name"}, "more or less than asked for")
    need(got["name"] == {"givenName": "Ada"}, "a sub-attribute can't be asked for")


@rfc.must("3.9", "`excludedAttributes` leaves these out, but not what is always returned.")
def excluded_attributes(service: Service) -> None:
    user = service.new_user(displayName="Ada", title="Countess")
    got = service.get(path_of(user), excludedAttributes="title,id").having(200).json()
    need("title" not in got and got["id"] == user["id"] and got["displayName"] == "Ada", "not as asked for")


@rfc.must("3.9", "Both work on creates, changes and lists as well.")
def attributes_everywhere(service: Service) -> None:
    name = service.name()
    made = service.post("/Users?attributes=userName", {"schemas": [CORE_USER], "userName": name, "title": "x"}).having(
        201
    )
    need(made.json()["userName"] == name and "title" not in made.json(), "POST ignores attributes")
    listed = service.get("/Users", filter=f'userName eq "{name}"', excludedAttributes="title").having(200).json()
    need("title" not in listed["Resources"][0], "lists ignore excludedAttributes")


@rfc.must("3.10", "Attributes may be written with their schema's URN, extensions' always so.")
def urn_notation(service: Service) -> None:
    user = service.new_user(title="x", **{ENTERPRISE: {"department": "d", "division": "v"}})
    got = service.get(path_of(user), attributes=f"{CORE_USER}:title,{ENTERPRISE}:department").having(200).json()
    need(got.get("title") == "x" and got.get(ENTERPRISE) == {"department": "d"}, "a URN is not understood")
