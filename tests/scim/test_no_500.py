"""Whatever is made up and sent is answered in SCIM below 500, and a refusal leaves nothing behind (SR-33, SR-37)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import POSTGRESQL, examples
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    SEARCH,
    Document,
)
from tests.scim.hostile import (
    PATCH_TITLE,
    World,
    bodies_of,
    group_names,
    parameters_over,
    patches,
    queried,
    raw,
    texts,
    user_names,
    values,
)

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
fuzz = examples(20, home=POSTGRESQL)


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
        assert len(results) <= 3
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
