"""What a 500 would be near at hand for is answered in SCIM, and a refusal leaves nothing behind (SR-33, SR-37)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scim.wire.resources import UserResource
from tests.clients import problem
from tests.examples import POSTGRESQL, some
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    LIST,
    PATCH_OP,
    PORTAL_GROUP,
    SEARCH,
    Document,
)
from tests.scim.hostile import PATCH_TITLE, World, names_of

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
    for wrong in some(WRONG, home=POSTGRESQL):
        for value in (wrong, [{"value": wrong, "type": wrong, "primary": wrong, "$ref": wrong}]):
            world.holds("POST", "/Users", {"schemas": [CORE_USER], "userName": "zoe", attribute: value})
            by_path = {"op": "replace", "path": attribute, "value": value}
            by_value = {"op": "add", "value": {attribute: value}}
            world.holds("PATCH", f"/Users/{world.user}", {"schemas": [PATCH_OP], "Operations": [by_path, by_value]})


@pytest.mark.parametrize("attribute", ["displayName", "externalId", "members", "id", "schemas", "meta", PORTAL_GROUP])
def test_a_wrong_type_at_any_place_of_a_group_is_answered(world: World, attribute: str) -> None:
    for wrong in some(WRONG, home=POSTGRESQL):
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
