"""/Bulk: many operations in one request, each with its own outcome (RFC 7644 section 3.7)."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse

from identity.models import ProvisioningLog, SSOGroup, SSOUser
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import BASE, CORE_GROUP, CORE_USER, Document, member_ids

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


def bulk(idp: IdP, *operations: Document, **members: Any) -> HttpResponse:
    return idp.post("/Bulk", {"schemas": [REQUEST], "Operations": list(operations), **members})


def results(answer: HttpResponse) -> list[Document]:
    assert answer.status_code == 200, answer.content
    assert answer.json()["schemas"] == [RESPONSE]
    return answer.json()["Operations"]


def statuses(answer: HttpResponse) -> list[str]:
    return [result["status"] for result in results(answer)]


def new_user(bulk_id: str, name: str | None = None, **attributes: Any) -> Document:
    data = {"schemas": [CORE_USER], "userName": name or bulk_id, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


def new_group(bulk_id: str, *members: str) -> Document:
    data = {"schemas": [CORE_GROUP], "displayName": bulk_id, "members": [{"value": name} for name in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def test_every_operation_is_answered(idp: IdP) -> None:
    user = idp.user("ann")
    path = f"/Users/{user['id']}"
    title = {"Operations": [{"op": "replace", "path": "title", "value": "Boss"}]}
    answer = bulk(
        idp,
        new_user("ben"),
        {"method": "patch", "path": path, "data": title, "version": 'W/"1"'},
        {"method": "PUT", "path": path, "data": {"userName": "ann"}, "bulkId": "put"},
        {"method": "DELETE", "path": path},
    )
    created = SSOUser.objects.get(user_name="ben")
    assert results(answer) == [
        {
            "method": "POST",
            "bulkId": "ben",
            "version": 'W/"1"',
            "location": f"{BASE}/Users/{created.scim_id}",
            "status": "201",
        },
        {"method": "PATCH", "version": 'W/"2"', "location": f"{BASE}{path}", "status": "200"},
        {"method": "PUT", "bulkId": "put", "version": 'W/"3"', "location": f"{BASE}{path}", "status": "200"},
        {"method": "DELETE", "location": f"{BASE}{path}", "status": "204"},
    ]


def test_references_are_resolved_wherever_they_stand(idp: IdP) -> None:
    group = idp.group("Old")
    add = {"Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:cat"}]}]}
    answer = bulk(
        idp,
        new_group("Staff", "bulkId:ann", "bulkId:ben"),
        new_user("ann"),
        {"method": "PATCH", "path": f"/Groups/{group['id']}", "data": add},
        new_user("ben"),
        new_user("cat"),
        {"method": "PATCH", "path": "/Users/bulkId:ann", "data": {"Operations": [{"op": "remove", "path": "title"}]}},
    )
    assert statuses(answer) == ["201", "201", "200", "201", "201", "200"]
    ids = {str(row.scim_id): row.user_name for row in SSOUser.objects.all()}
    staff, old = (
        idp.get("/Groups", filter=f'displayName eq "{name}"').json()["Resources"] for name in ("Staff", "Old")
    )
    assert {ids[member] for member in member_ids(staff[0])} == {"ann", "ben"}
    assert [ids[member] for member in member_ids(old[0])] == ["cat"]


def test_references_in_a_circle_are_409(idp: IdP) -> None:
    answer = bulk(idp, new_group("a", "bulkId:b"), new_group("b", "bulkId:a"), new_user("ann"))
    assert statuses(answer) == ["409", "409", "201"]
    assert SSOGroup.objects.count() == 0


def test_a_reference_to_nothing_is_refused(idp: IdP) -> None:
    (result,) = results(bulk(idp, new_group("a", "bulkId:nobody")))
    assert (result["status"], result["response"]["scimType"]) == ("400", "invalidValue")
    assert "bulkId:nobody" in result["response"]["detail"]


def test_one_failure_leaves_the_others_alone(idp: IdP) -> None:
    idp.user("taken")
    answer = bulk(idp, new_user("ann"), new_user("taken"), new_user("bad", title=5), new_user("ben"))
    assert statuses(answer) == ["201", "409", "400", "201"]
    assert [result["response"]["scimType"] for result in results(answer)[1:3]] == ["uniqueness", "invalidValue"]
    assert set(SSOUser.objects.values_list("user_name", flat=True)) == {"taken", "ann", "ben"}
    refused = ProvisioningLog.objects.filter(outcome="refused")
    assert sorted(refused.values_list("status", "method", "resource_type")) == [
        (400, "POST", "User"),
        (409, "POST", "User"),
    ]


def test_a_failure_says_where_unless_it_was_a_create(idp: IdP) -> None:
    """RFC 7644 section 3.7: `location` is required except for a POST that failed."""
    user = idp.user("ann")
    gone = "/Groups/00000000-0000-4000-8000-000000000000"
    answer = bulk(
        idp,
        {"method": "PUT", "path": f"/Users/{user['id']}", "data": {}},
        {"method": "DELETE", "path": gone},
        {"method": "PATCH", "path": "/Users/bulkId:ben", "data": {}},
        {"method": "PATCH", "path": "/Users/bulkId:nobody", "data": {}},
        new_user("ben"),
        new_user("bad", title=5),
    )
    assert statuses(answer) == ["400", "404", "400", "400", "201", "400"]
    ben = idp.get("/Users", filter='userName eq "ben"').json()["Resources"][0]
    where = [result.get("location") for result in results(answer)]
    assert where == [user["meta"]["location"], f"{BASE}{gone}", *([ben["meta"]["location"], None] * 2)]


def test_fail_on_errors_stops_after_so_many(idp: IdP) -> None:
    bad = [new_user(f"bad{number}", title=5) for number in range(3)]
    answer = bulk(idp, new_user("ann"), *bad, new_user("ben"), failOnErrors=2)
    assert statuses(answer) == ["201", "400", "400"]
    assert set(SSOUser.objects.values_list("user_name", flat=True)) == {"ann"}
    assert statuses(bulk(idp, *bad, failOnErrors=1)) == ["400"]


def test_fail_on_errors_counts_what_refers_to_each_other_in_a_circle(idp: IdP) -> None:
    circle = [new_group("a", "bulkId:b"), new_group("b", "bulkId:c"), new_group("c", "bulkId:a")]
    assert statuses(bulk(idp, new_user("ann"), *circle, failOnErrors=2)) == ["201", "409", "409"]
    assert statuses(bulk(idp, new_user("bad", title=5), *circle, failOnErrors=2)) == ["400", "409"]
    assert SSOGroup.objects.count() == 0


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"method": "POST", "path": "/Users", "data": {"userName": "x"}}, "400"),  # without bulkId
        ({"method": "GET", "path": "/Users"}, "400"),
        ({"method": "POST", "path": "/Schemas", "bulkId": "x", "data": {}}, "400"),
        ({"method": "POST", "path": "/Users/x", "bulkId": "x", "data": {}}, "400"),
        ({"method": "DELETE", "path": "/Users"}, "400"),
        ({"method": "DELETE", "path": "/Users/x"}, "404"),
        ({"method": "PATCH", "path": "/Users/{id}", "data": []}, "400"),
        ({"method": "PATCH", "path": "/Users/{id}", "version": 'W/"9"', "data": {"Operations": [{}]}}, "400"),
        ({"method": "DELETE", "path": "/Users/{id}", "version": 'W/"9"'}, "412"),
        ({"path": "/Users"}, "400"),
        ({"method": "POST"}, "400"),
    ],
)
def test_an_operation_that_makes_no_sense_is_refused(idp: IdP, operation: Document, status: str) -> None:
    user = idp.user()
    operation = {**operation, "path": operation.get("path", "").replace("{id}", user["id"])}
    assert statuses(bulk(idp, operation)) == [status]


@pytest.mark.parametrize(
    "members",
    [
        {"Operations": None},
        {"Operations": []},
        {"Operations": [None]},
        {"Operations": [{"method": 5}]},
        {"failOnErrors": 0},
        {"failOnErrors": -1},
        {"failOnErrors": True},
        {"failOnErrors": "x"},
        {"schemas": []},
    ],
    ids=str,
)
def test_a_request_that_is_no_bulk_request_is_refused(idp: IdP, members: Document) -> None:
    assert problem(bulk(idp, new_user("ann"), **members))[0] == 400
    assert SSOUser.objects.count() == 0


def test_a_bulk_id_is_used_once(idp: IdP) -> None:
    assert problem(bulk(idp, new_user("a"), new_user("a", "b"))) == (400, "invalidValue")


def test_another_idps_resources_are_404(idp: IdP) -> None:
    """SR-4."""
    user = new_idp().user("ann")
    assert statuses(bulk(idp, {"method": "DELETE", "path": f"/Users/{user['id']}"})) == ["404"]


def test_a_long_chain_of_references_is_put_in_order(idp: IdP) -> None:
    """Each waits for the next one; as groups can't be members, each skips it then (R14)."""
    chain = [new_group(f"g{number}", f"bulkId:g{number + 1}") for number in range(100)]
    answer = bulk(idp, *chain, new_group("g100"))
    assert statuses(answer) == ["201"] * 101
    assert SSOGroup.objects.exclude(nested_groups=None).count() == 100
