"""R14: a member that is a group is skipped, or refused where the IdP is set so; the users of the request are applied.

Generated: every way of saying that a member is a group, by every way of saying members.
"""

from typing import Any

import pytest

from identity.models import IdentityProvider, ProvisioningLog, SSOGroup
from tests.clients import IdP, new_idp, problem
from tests.scim.helpers import BASE, Document, group_body, member, member_ids, unchanged_database

pytestmark = pytest.mark.django_db

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def ways_to_say_group(inner: Document) -> dict[str, Any]:
    reference = f"{BASE}/Groups/{inner['id']}"
    return {
        "its id": {"value": inner["id"]},
        "its id alone": inner["id"],
        "type": {"value": inner["id"], "type": "Group"},
        "type in another case": {"Value": inner["id"], "TYPE": "group"},
        "reference": {"value": inner["id"], "$ref": reference},
        "relative reference": {"value": inner["id"], "$ref": f"../Groups/{inner['id']}"},
        "type with an id of its own": {"value": "S-1-5-32-544", "type": "Group"},
        "reference with an id of its own": {"value": "cn=all", "$ref": "https://idp.example/scim/v2/Groups/cn=all"},
    }


WAYS = list(ways_to_say_group({"id": ""}))
DOORS = ["post", "put", "add", "add without path", "replace", "bulk"]


def say(idp: IdP, door: str, group: Document, members: list[Any]) -> tuple[int, str | None]:
    path = f"/Groups/{group['id']}"
    match door:
        case "post":
            answer = idp.post("/Groups", {"schemas": [GROUP], "displayName": "New", "members": members})
        case "put":
            answer = idp.put(path, {"schemas": [GROUP], "displayName": "Outer", "members": members})
        case "add without path":
            answer = idp.patch(path, {"op": "add", "value": {"members": members}})
        case "bulk":
            operation = {"op": "replace", "path": "members", "value": members}
            data = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
            return _bulk(idp, {"method": "PATCH", "path": path, "data": data})
        case _:
            answer = idp.patch(path, {"op": door, "path": "members", "value": members})
    return (answer.status_code, None) if answer.status_code < 400 else problem(answer)


def _bulk(idp: IdP, operation: Document) -> tuple[int, str | None]:
    answer = idp.post(
        "/Bulk", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}
    )
    result = answer.json()["Operations"][0]
    return int(result["status"]), result.get("response", {}).get("scimType")


def outer(door: str) -> SSOGroup:
    return SSOGroup.objects.get(display_name="New" if door == "post" else "Outer")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("door", DOORS)
def test_a_nested_group_is_skipped_and_the_users_are_applied(idp: IdP, door: str, way: str) -> None:
    ann, inner = idp.user("ann"), idp.group("Inner")
    group = idp.group("Outer")
    status, _ = say(idp, door, group, [ways_to_say_group(inner)[way], member(ann)])
    assert status in {200, 201, 204}
    after = outer(door)
    assert set(after.members.values_list("user_name", flat=True)) == {"ann"}
    assert after.number_of_nested_groups == 1
    row = ProvisioningLog.objects.latest("id")
    assert (row.outcome, row.details["nested"], row.details["added"]) == ("partly", 1, 1)
    assert "1 are groups and were skipped" in row.summary
    assert member_ids(idp.get(f"/Groups/{after.scim_id}").json()) == [ann["id"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("door", DOORS)
def test_an_idp_that_is_set_so_is_refused_and_nothing_is_applied(door: str, way: str) -> None:
    idp = new_idp(refuses_nested_groups=True)
    ann, inner = idp.user("ann"), idp.group("Inner")
    group = idp.group("Outer")
    members = [ways_to_say_group(inner)[way], member(ann)]
    with unchanged_database():
        assert say(idp, door, group, members) == (400, "invalidValue")


@pytest.mark.parametrize("way", WAYS)
def test_a_nested_group_that_is_removed_counts_no_more(idp: IdP, way: str) -> None:
    ann, inner = idp.user("ann"), idp.group("Inner")
    said = ways_to_say_group(inner)[way]
    group = idp.group("Outer", [ann])
    say(idp, "add", group, [said])
    answer = idp.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members", "value": [said]})
    assert answer.status_code == 204
    assert outer("put").number_of_nested_groups == 0
    assert outer("put").members.count() == 1


def test_a_filter_names_a_nested_group_too(idp: IdP) -> None:
    inner, group = idp.group("Inner"), idp.group("Outer")
    path = f'members[value eq "{inner["id"]}"]'
    assert idp.patch(f"/Groups/{group['id']}", {"op": "add", "path": path}).status_code == 204
    assert outer("put").number_of_nested_groups == 1
    assert idp.patch(f"/Groups/{group['id']}", {"op": "remove", "path": path}).status_code == 204
    assert outer("put").number_of_nested_groups == 0


def test_a_user_is_no_group_by_its_reference(idp: IdP) -> None:
    ann = idp.user("ann")
    said = {"value": ann["id"], "$ref": f"{BASE}/Users/{ann['id']}", "type": "User"}
    assert member_ids(idp.post("/Groups", {**group_body("New"), "members": [said]}).json()) == [ann["id"]]
    assert not IdentityProvider.objects.filter(refuses_nested_groups=True).exists()
