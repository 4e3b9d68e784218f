"""Whatever is sent, the answer is a SCIM one below 500, and a refusal leaves nothing behind (SR-33, SR-37).

`FUZZ_EXAMPLES=20000 pytest tests/scim/test_no_500.py` searches for longer than the suite does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim.resources import GroupResource, UserResource
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    LIST,
    PATCH_OP,
    PORTAL_GROUP,
    PORTAL_USER,
    SCIM,
    SEARCH,
    Document,
    snapshot,
)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@dataclass
class World:
    """An identity provider with something to read, change and break."""

    idp: IdP
    user: str
    group: str
    before: dict[str, list[tuple[Any, ...]]]

    def holds(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send the request; check the promise; take back what it did."""
        with transaction.atomic():
            answer = self.idp.send(method, path, body, **headers)
            assert answer.status_code < 500 or answer.status_code == 501, (method, path, body, answer.content)
            if method != "HEAD" and answer.status_code not in {204, 304}:
                assert answer["Content-Type"] == SCIM
                assert answer.json()
            if answer.status_code >= 400:
                assert method == "HEAD" or problem(answer)
                assert snapshot() == self.before
            transaction.set_rollback(True)
        return answer


@pytest.fixture
def world(db: None) -> World:
    idp = new_idp()
    user = idp.user(
        "ann@example.com",
        externalId="e-1",
        name={"givenName": "Ann", "familyName": "Bo"},
        emails=[{"value": "ann@example.com", "type": "work", "primary": True}, {"value": "a@home.example"}],
        **{ENTERPRISE: {"department": "R&D", "manager": {"value": "26118915"}}},
    )
    other = idp.user()
    group = idp.group("Staff", [user, other], externalId="g-1")
    return World(idp, user["id"], group["id"], snapshot())


# --- what to send -----------------------------------------------------------------------------------------


def names_of(model: Any) -> list[str]:
    """Every attribute and sub-attribute of a resource, as paths."""
    found = []
    for field, info in model.model_fields.items():
        name = info.serialization_alias or field
        found.append(name)
        kind = model.get_field_root_type(field)
        if hasattr(kind, "model_fields"):
            found += [f"{name}.{sub.serialization_alias or key}" for key, sub in kind.model_fields.items()]
    return found


USER_NAMES = [
    *names_of(UserResource),
    *(f"{ENTERPRISE}:{name}" for name in ("department", "manager", "manager.value", "employeeNumber")),
    *(f"{PORTAL_USER}:{name}" for name in ("status", "lastActive", "email")),
    *(CORE_USER, ENTERPRISE, PORTAL_USER, f"{CORE_USER}:userName", f"{CORE_USER}:name.givenName"),
]
GROUP_NAMES = [
    *names_of(GroupResource),
    *(CORE_GROUP, PORTAL_GROUP, f"{PORTAL_GROUP}:portalGroups.value", f"{CORE_GROUP}:displayName"),
]
ODD_NAMES = [
    *(
        "",
        " ",
        ".",
        "a.b.c",
        "foo",
        "urn:",
        "urn:x:y",
        f"{ENTERPRISE}:",
        "emails[",
        "emails[]",
        "$ref",
        "members[value]",
    ),
    *("name.", ".name", "emails..value", "emails[type eq]", "USERNAME", "emails.type.x", "\x00", "é", "a" * 900),
]
ODD_TEXT = [
    *("", " ", "x", "\x00", "a\x00b", "\n", "\u202e", "\ufeff", "É", "ﬁ", "İ", "\U0001f600", "%", "_", "\\", '"', "'"),
    *("null", "true", "False", "-1", "1e999", "2026-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "bulkId:x", "x" * 256, "x" * 2_000, 'W/"1"', "a@b@c"),
]
texts = st.one_of(st.sampled_from(ODD_TEXT), st.text(max_size=8))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**20), max_value=10**20),
    st.floats(),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["value", "type", "primary", "display", "$ref", "givenName", "manager", "x", "VALUE"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
user_names = st.sampled_from([*USER_NAMES, *ODD_NAMES])
group_names = st.sampled_from([*GROUP_NAMES, *ODD_NAMES])
operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "xx", ""])
operands = st.one_of(
    texts.map(json.dumps),
    st.integers(-(10**30), 10**30).map(str),
    st.sampled_from(["true", "false", "null", "1.5", "1e400", "-0", "NaN", "Infinity", "abc", '"', "", '"\\ud800"']),
)


def filters_over(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    term = st.one_of(
        st.tuples(names, operators, operands).map(" ".join),
        names.map(lambda name: f"{name} pr"),
        st.tuples(names, st.sampled_from(["type", "value", "primary", "x", "display"]), operators, operands).map(
            lambda part: f"{part[0]}[{part[1]} {part[2]} {part[3]}]"
        ),
    )
    return st.recursive(
        term,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" and ", " or ", " AND ", " xor ", ""]), inner).map("".join),
            inner.map(lambda text: f"not ({text})"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"({text}"),
        ),
        max_leaves=4,
    )


def patch_paths(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    selected = st.tuples(names, filters_over(names), st.sampled_from(["", ".value", ".x", ".type"])).map(
        lambda part: f"{part[0]}[{part[1]}]{part[2]}"
    )
    return st.one_of(names, selected, values)


def patches(names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    known = st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace", "remove", "Add", "REMOVE"])},
        optional={"path": patch_paths(names), "value": st.one_of(values, st.dictionaries(names, values, max_size=3))},
    )
    odd = st.fixed_dictionaries({}, optional={"op": values, "path": values, "value": values})
    operations = st.one_of(st.lists(st.one_of(known, known, odd, values), min_size=1, max_size=3), values)
    return st.fixed_dictionaries({"schemas": st.just([PATCH_OP]), "Operations": operations})


def bodies_of(base: Document, names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    return st.dictionaries(names, values, max_size=3).map(lambda changes: {**base, **changes})


def parameters_over(names: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    odd = st.one_of(texts, values)
    return st.fixed_dictionaries(
        {},
        optional={
            "filter": st.one_of(filters_over(names), odd),
            "sortBy": st.one_of(names, odd),
            "sortOrder": st.one_of(st.sampled_from(["ascending", "descending"]), odd),
            "startIndex": st.one_of(st.integers(-3, 5), odd),
            "count": st.one_of(st.integers(-3, 5), odd),
            "cursor": odd,
            "attributes": st.one_of(names, st.lists(names, max_size=3), odd),
            "excludedAttributes": st.one_of(names, st.lists(names, max_size=3), odd),
        },
    )


def raw(document: Any) -> bytes:
    """JSON as careless clients write it: NaN and lone surrogates included."""
    return json.dumps(document).encode()


def queried(path: str, parameters: Document) -> str:
    flat = {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in parameters.items()
    }
    return f"{path}?{urlencode(flat, errors='replace')}"


# --- generated --------------------------------------------------------------------------------------------


@fuzz
@given(body=bodies_of({"schemas": [CORE_USER], "userName": "zoe"}, user_names), parameters=parameters_over(user_names))
def test_any_user_body_is_answered(world: World, body: Document, parameters: Document) -> None:
    world.holds("POST", "/Users", raw(body))
    world.holds("PUT", queried(f"/Users/{world.user}", parameters), raw(body))


@fuzz
@given(body=bodies_of({"schemas": [CORE_GROUP], "displayName": "Team"}, group_names))
def test_any_group_body_is_answered(world: World, body: Document) -> None:
    world.holds("POST", "/Groups", raw(body))
    world.holds("PUT", f"/Groups/{world.group}", raw(body))


@fuzz
@given(body=patches(user_names))
def test_any_patch_of_a_user_is_answered(world: World, body: Document) -> None:
    world.holds("PATCH", f"/Users/{world.user}", raw(body))


@fuzz
@given(body=patches(group_names))
def test_any_patch_of_a_group_is_answered(world: World, body: Document) -> None:
    world.holds("PATCH", f"/Groups/{world.group}", raw(body))


@fuzz
@given(parameters=parameters_over(user_names))
def test_any_query_for_users_is_answered(world: World, parameters: Document) -> None:
    world.holds("GET", queried("/Users", parameters))
    world.holds("POST", "/Users/.search", raw({"schemas": [SEARCH], **parameters}))


@fuzz
@given(parameters=parameters_over(group_names))
def test_any_query_for_groups_is_answered(world: World, parameters: Document) -> None:
    world.holds("GET", queried("/Groups", parameters))
    world.holds("POST", "/Groups/.search", raw({"schemas": [SEARCH], **parameters}))


@fuzz
@given(parameters=st.one_of(parameters_over(user_names), parameters_over(group_names)))
def test_any_query_at_the_root_is_answered(world: World, parameters: Document) -> None:
    world.holds("GET", queried("/", parameters))
    world.holds("POST", "/.search", raw({"schemas": [SEARCH], **parameters}))


@fuzz
@given(
    operations=st.one_of(
        values,
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "method": st.one_of(st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]), values),
                    "path": st.one_of(
                        st.sampled_from(["/Users", "/Groups", "/Users/x", "/Users/bulkId:a", "/Me"]), values
                    ),
                    "bulkId": st.one_of(st.sampled_from(["a", "b"]), values),
                    "version": values,
                    "data": st.one_of(
                        bodies_of({"schemas": [CORE_USER], "userName": "bulk"}, user_names),
                        patches(group_names),
                        st.just({"displayName": "B", "members": [{"value": "bulkId:a"}, {"value": "bulkId:b"}]}),
                        values,
                    ),
                },
            ),
            max_size=3,
        ),
    ),
    rest=st.fixed_dictionaries({}, optional={"failOnErrors": values, "schemas": values}),
)
def test_any_bulk_request_is_answered(world: World, operations: Any, rest: Document) -> None:
    answer = world.holds("POST", "/Bulk", raw({"schemas": [BULK], "Operations": operations, **rest}))
    if answer.status_code == 200:
        results = answer.json()["Operations"]
        assert all(result["status"] < "500" for result in results), results


@fuzz
@given(data=st.binary(max_size=40), method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_any_bytes_are_answered(world: World, data: bytes, method: str) -> None:
    path = {"POST": "/Users", "PUT": f"/Users/{world.user}", "PATCH": f"/Groups/{world.group}"}[method]
    world.holds(method, path, data)


@fuzz
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"]),
    resource=st.sampled_from(
        ["Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Bulk", "Me", "x"]
    ),
    rest=st.lists(st.one_of(texts.filter(lambda text: len(text) < 300), st.just(".search")), max_size=2),
)
def test_any_address_is_answered(world: World, method: str, resource: str, rest: list[str]) -> None:
    path = "".join(f"/{quote(part, safe='', errors='replace')}" for part in rest)
    world.holds(method, f"/{resource}{path}", b"" if method in {"GET", "HEAD"} else b"{}")


@fuzz
@given(
    name=st.sampled_from(["If_Match", "If_None_Match", "Content_Type", "Content_Encoding", "Accept", "Authorization"]),
    value=st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
        st.sampled_from(['W/"1"', '"1"', "*", '""', "Bearer", "Bearer ", "bearer x y", "application/xml", "gzip", ","]),
    ),
)
def test_any_header_is_answered(world: World, name: str, value: str) -> None:
    world.holds("GET", f"/Users/{world.user}", **{name: value})
    world.holds("PATCH", f"/Users/{world.user}", PATCH_TITLE, **{name: value})


# --- written down -----------------------------------------------------------------------------------------

PATCH_TITLE = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "T"}]}
USER = '{"schemas":["' + CORE_USER + '"],"userName":"zoe",'
NESTED = "[" * 100_000
HUGE = "9" * 5_000

BROKEN_BODIES: dict[str, bytes] = {
    "empty": b"",
    "white space": b"  \n",
    "a bare word": b"hello",
    "unfinished": b'{"userName":',
    "trailing comma": b'{"userName":"a",}',
    "two documents": b'{"userName":"a"} {"userName":"b"}',
    "a list": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "a number": b"1",
    "nested brackets": NESTED.encode(),
    "nested and closed": (NESTED + "]" * 100_000).encode(),
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested in a value": (USER + '"x":' + NESTED + "]" * 100_000 + "}").encode(),
    "5,000 digits": (USER + f'"x":{HUGE}}}').encode(),
    "5,000 digits and a fraction": (USER + f'"nickName":{HUGE}.5}}').encode(),
    "NaN": (USER + '"x":NaN}').encode(),
    "Infinity": (USER + '"x":-Infinity}').encode(),
    "duplicate names": (USER + '"userName":"b"}').encode(),
    "duplicate names but for case": (USER + '"USERNAME":"b"}').encode(),
    "invalid UTF-8": (USER + '"title":"').encode() + b'\xff\xfe"}',
    "overlong UTF-8": (USER + '"title":"').encode() + b'\xc0\x80"}',
    "a surrogate in UTF-8": (USER + '"title":"').encode() + b'\xed\xa0\x80"}',
    "an escaped surrogate": (USER + r'"title":"\ud800"}').encode(),
    "an escaped surrogate in a name": (USER + r'"\udfff":"x"}').encode(),
    "an escaped NUL": (USER + r'"title":"a\u0000b"}').encode(),
    "an escaped NUL in a name": (USER + r'"\u0000":"x"}').encode(),
    "a raw NUL": (USER + '"title":"a\x00b"}').encode(),
    "UTF-16": (USER + '"title":"x"}').encode("utf-16"),
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_body_that_is_no_plain_json_object_is_400(world: World, name: str) -> None:
    for method, path in (
        ("POST", "/Users"),
        ("PUT", f"/Groups/{world.group}"),
        ("PATCH", f"/Users/{world.user}"),
        ("POST", "/Users/.search"),
        ("POST", "/Bulk"),
    ):
        assert world.holds(method, path, BROKEN_BODIES[name]).status_code == 400


WRONG: list[Any] = [None, True, 10**30, 1.5, "\x01", "x" * 300, [[]], [1], {"value": {}}]


@pytest.mark.parametrize("attribute", sorted({name.partition(".")[0] for name in names_of(UserResource)}))
def test_a_wrong_type_at_any_place_of_a_user_is_answered(world: World, attribute: str) -> None:
    """As the attribute, inside a value, and by PATCH with and without a path."""
    for wrong in WRONG:
        for value in (wrong, [{"value": wrong, "type": wrong, "primary": wrong, "$ref": wrong}]):
            world.holds("POST", "/Users", {"schemas": [CORE_USER], "userName": "zoe", attribute: value})
            by_path = {"op": "replace", "path": attribute, "value": value}
            by_value = {"op": "add", "value": {attribute: value}}
            world.holds("PATCH", f"/Users/{world.user}", {"schemas": [PATCH_OP], "Operations": [by_path, by_value]})


@pytest.mark.parametrize("attribute", ["displayName", "externalId", "members", "id", "schemas", "meta", PORTAL_GROUP])
def test_a_wrong_type_at_any_place_of_a_group_is_answered(world: World, attribute: str) -> None:
    for wrong in WRONG:
        for value in (wrong, [{"value": wrong, "type": wrong, "$ref": wrong, "display": wrong}]):
            world.holds(
                "PUT", f"/Groups/{world.group}", {"schemas": [CORE_GROUP], "displayName": "T", attribute: value}
            )
            for op in ("add", "replace", "remove"):
                operation = {"op": op, "path": attribute, "value": value}
                world.holds("PATCH", f"/Groups/{world.group}", {"schemas": [PATCH_OP], "Operations": [operation]})


DEEP = "(" * 1_000 + 'type eq "work"' + ")" * 1_000
PATHS = [
    *(
        "emails[" * 2_000,
        f"emails[{DEEP}].value",
        f"emails[{'not (' * 200}type pr{')' * 200}]",
        "x" * 100_000,
        "." * 9_000,
    ),
    *(
        'emails[type eq "\\ud800"]',
        'emails[type eq "\\u0000"].value',
        "emails[type eq 1e400]",
        f"emails[value eq {HUGE}]",
    ),
    *(
        "urn:" * 3_000,
        f"{ENTERPRISE}:manager[value eq 1]",
        'members[value eq "x" or value pr]',
        "members[",
        "members.value",
    ),
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20])
def test_a_hostile_path_is_answered_wherever_paths_are_read(world: World, path: str) -> None:
    places: list[Callable[[], Any]] = [
        lambda: world.holds("PATCH", f"/Users/{world.user}", patch_of(path)),
        lambda: world.holds("PATCH", f"/Groups/{world.group}", patch_of(path)),
        lambda: world.holds("PATCH", f"/Users/{world.user}", patch_of(None, {path: "x"})),
        lambda: world.holds("PATCH", f"/Groups/{world.group}", patch_of(None, {path: "x"})),
        lambda: world.holds("POST", "/Users", {"userName": "zoe", path: "x"}),
        *(
            lambda name=name: world.holds("POST", "/Users/.search", {"schemas": [SEARCH], name: path})
            for name in ("filter", "sortBy", "attributes", "excludedAttributes", "cursor")
        ),
    ]
    for place in places:
        place()


def patch_of(path: str | None, value: Any = "x") -> Document:
    operation = {"op": "replace", "value": value}
    return {"schemas": [PATCH_OP], "Operations": [operation if path is None else {**operation, "path": path}]}


@pytest.mark.parametrize("schemas", [None, 5, True, "x", {}, [5], [None], [[]], LIST, [LIST]])
def test_a_search_or_bulk_without_its_schema_is_400(world: World, schemas: Any) -> None:
    assert problem(world.holds("POST", "/Users/.search", {"schemas": schemas})) == (400, "invalidSyntax")
    assert problem(world.holds("POST", "/.search", {"schemas": schemas})) == (400, "invalidSyntax")
    assert problem(world.holds("POST", "/Bulk", {"schemas": schemas})) == (400, "invalidSyntax")


QUERIES = [
    *("filter=%00", "filter=%ff%fe", "filter=", "filter", "&&&", "=", "sortBy=%00", "count=%00", "startIndex=٣"),
    *("attributes=,,,", "attributes=%00", "count=1e3", "count=99999999999999999999", "startIndex=999999999999999999"),
    *("count=-99999999999999999", "cursor=%00", "cursor=~~~", "filter=" + "%28" * 4_000, "filter=" + "a" * 5_000),
    "&".join(f"p{number}=1" for number in range(1_500)),
    "filter=" + "%20or%20".join(["title%20pr"] * 101),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:20])
def test_a_hostile_query_is_answered(world: World, query: str) -> None:
    for endpoint in ("/Users", "/Groups", "/", "/Schemas"):
        world.holds("GET", f"{endpoint}?{query}")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "a/b;;;"]
)
def test_other_content_types_are_answered(world: World, content_type: str) -> None:
    world.holds("POST", "/Users", b'{"userName":"zoe"}', Content_Type=content_type)
    world.holds("PATCH", f"/Users/{world.user}", PATCH_TITLE, Content_Type=content_type)
