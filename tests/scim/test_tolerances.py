"""What clients send that is nearly SCIM: read, or refused in words that help (each names who sends it so)."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

import pytest

from identity.models import ProvisioningLog
from scim import config
from tests.clients import IdP, problem
from tests.scim.helpers import CORE_GROUP, CORE_USER, PATCH_OP, PORTAL_GROUP, PORTAL_USER, group_body, member, user_body


def test_a_password_stands_in_schemas_as_it_is_used() -> None:
    """canaille's client builds every user with it (RFC 7643 section 8.7.1)."""
    attributes = {attribute["name"]: attribute for attribute in config.schemas()[CORE_USER]["attributes"]}
    said = attributes["password"]
    assert (said["type"], said["mutability"], said["returned"]) == ("string", "writeOnly", "never")


def test_core_attributes_may_stand_under_the_core_urn_in_post_and_put_as_in_patch(idp: IdP) -> None:
    answer = idp.post("/Users", {CORE_USER: {"userName": "ann", "title": "Guide"}, "displayName": "Ann"})
    assert (answer.status_code, answer.json()["userName"], answer.json()["title"]) == (201, "ann", "Guide")
    where = f"/Users/{answer.json()['id']}"
    changed = idp.put(where, {"userName": "ann", CORE_USER.upper(): {"title": "Boss"}}).json()
    assert (changed["title"], "displayName" in changed) == ("Boss", False)
    group = idp.post("/Groups", {CORE_GROUP: {"displayName": "Staff", "members": [member(answer.json())]}})
    assert (group.status_code, len(group.json()["members"])) == (201, 1)
    changed = idp.put(f"/Groups/{group.json()['id']}", {CORE_GROUP: {"displayName": "Crew"}, "members": []}).json()
    assert (changed["displayName"], "members" in changed) == ("Crew", False)


@pytest.mark.parametrize("urn", [CORE_USER, CORE_USER.lower()])
def test_an_attribute_beside_the_core_urn_and_under_it_is_refused(idp: IdP, urn: str) -> None:
    assert problem(idp.post("/Users", {"userName": "ann", urn: {"username": "ben"}})) == (400, "invalidSyntax")


@pytest.mark.parametrize("schemas", [True, False, 5, 0, {}, {"a": 1}, [5], [None], [[CORE_USER]]])
def test_schemas_of_a_wrong_type_are_refused(idp: IdP, schemas: Any) -> None:
    ann, staff = idp.user("ann"), idp.group("Staff")
    for answer in (
        idp.post("/Users", {**user_body(), "schemas": schemas}),
        idp.put(f"/Users/{ann['id']}", {**user_body("ann"), "schemas": schemas}),
        idp.send("PATCH", f"/Users/{ann['id']}", {"schemas": schemas, "Operations": []}),
        idp.post("/Groups", {**group_body(), "schemas": schemas}),
        idp.put(f"/Groups/{staff['id']}", {**group_body("Staff"), "schemas": schemas}),
        idp.send("PATCH", f"/Groups/{staff['id']}", {"schemas": schemas, "Operations": []}),
    ):
        assert problem(answer) == (400, "invalidValue")


@pytest.mark.parametrize("schemas", [None, [], [CORE_USER], ["urn:scim:schemas:core:1.0"], CORE_USER, ["nonsense"]])
def test_missing_and_old_schemas_are_tolerated(idp: IdP, schemas: Any) -> None:
    """OneLogin."""
    assert idp.post("/Users", {**user_body(), "schemas": schemas}).status_code == 201
    assert idp.post("/Groups", {**group_body(), "schemas": schemas}).status_code == 201


def test_an_empty_list_of_operations_changes_nothing(idp: IdP) -> None:
    """Entra ID's validator."""
    ann, staff = idp.user("ann"), idp.group("Staff")
    answer = idp.patch(f"/Users/{ann['id']}")
    assert (answer.status_code, answer.json()) == (200, ann)
    assert idp.patch(f"/Groups/{staff['id']}").status_code == 204
    for nothing in ({}, {"Operations": None}, {"Operations": {}}):
        body = {"schemas": [PATCH_OP], **nothing}
        assert problem(idp.send("PATCH", f"/Users/{ann['id']}", body)) == (400, "invalidSyntax")


def test_app_roles_as_json_text_are_kept_as_they_are_sent(idp: IdP) -> None:
    """Entra ID's AppRoleAssignmentsComplex."""
    text = json.dumps({"id": "18d1", "value": "Admin", "displayName": "Administrator"})
    role = {"primary": False, "type": "WindowsAzureActiveDirectoryRole", "value": text}
    ann, bob = idp.user("ann", roles=[role]), idp.user("bob")
    where = f"/Users/{bob['id']}"
    added = idp.patch(where, {"op": "add", "path": "roles", "value": [role]}).json()
    replaced = idp.put(where, user_body("bob", roles=[role])).json()
    assert [user["roles"][0]["value"] for user in (ann, added, replaced)] == [text] * 3
    assert idp.found(f"roles.value eq {json.dumps(text)}") == ["ann", "bob"]
    gone = idp.patch(where, {"op": "remove", "path": "roles", "value": [{"value": text}]}).json()
    assert "roles" not in gone


def test_a_list_of_one_is_one_where_a_filter_selects_one(idp: IdP) -> None:
    ann = idp.user("ann", emails=[{"value": "a@x.test", "type": "work"}, {"value": "b@x.test", "type": "home"}])
    path = 'emails[value eq "b@x.test"]'
    new = [{"value": "c@x.test", "type": "home"}]
    changed = idp.patch(f"/Users/{ann['id']}", {"op": "replace", "path": path, "value": new}).json()
    assert {email["value"] for email in changed["emails"]} == {"a@x.test", "c@x.test"}


@pytest.mark.parametrize(
    "body",
    ['{"userName":"ann","active":false,"active ":true}', '{"userName":"ann"," userName":"ben"}'],
)
def test_a_name_that_differs_by_white_space_only_is_given_twice(idp: IdP, body: str) -> None:
    assert problem(idp.post("/Users", body.encode())) == (400, "invalidSyntax")
    ann = idp.user("ann")
    patch = b'{"Operations":[{"op":"replace","value":{"active":false,"active ":true}}]}'
    assert problem(idp.send("PATCH", f"/Users/{ann['id']}", patch)) == (400, "invalidSyntax")


def test_a_base_url_with_a_slash_at_its_end_asks_for_two(idp: IdP) -> None:
    ann = idp.post("//Users", user_body("ann")).json()
    for path in (f"//Users/{ann['id']}", f"//Users//{ann['id']}/", f"/Users//{ann['id']}"):
        assert idp.get(path).json()["userName"] == "ann"
    assert idp.get("//Users", filter='userName eq "ann"').json()["totalResults"] == 1
    for path in ("//ServiceProviderConfig", "//Schemas", "//ResourceTypes/User", "//Groups", "//"):
        assert idp.get(path).status_code == 200, path
    assert problem(idp.get("//Nothing"))[0] == 404


def test_a_byte_order_mark_before_the_body_is_nothing(idp: IdP) -> None:
    assert idp.post("/Users", codecs.BOM_UTF8 + json.dumps(user_body("ann")).encode()).status_code == 201
    assert problem(idp.post("/Users", codecs.BOM_UTF16 + json.dumps(user_body("ben")).encode()))[0] == 400


@pytest.mark.parametrize("path", [PORTAL_USER, f"{PORTAL_USER}:status"])
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_the_read_only_extension_is_refused_alike_on_users_and_groups(idp: IdP, op: str, path: str) -> None:
    ann, staff = idp.user("ann"), idp.group("Staff")
    of_group = path.replace(PORTAL_USER, PORTAL_GROUP).replace("status", "portalGroups")
    value = {} if op == "remove" else {"value": {"status": "disabled"} if path == PORTAL_USER else "disabled"}
    for answer in (
        idp.patch(f"/Users/{ann['id']}", {"op": op, "path": path, **value}),
        idp.patch(f"/Groups/{staff['id']}", {"op": op, "path": of_group, **value}),
    ):
        assert problem(answer) == (400, "mutability")


@pytest.mark.parametrize("path", ['members[value eq "nobody"].display', 'members[value eq "nobody"]'])
def test_replacing_what_no_member_is_has_no_target(idp: IdP, path: str) -> None:
    ann = idp.user("ann")
    staff = idp.group("Staff", [ann])
    operation = {"op": "replace", "path": path, "value": "x"}
    assert problem(idp.patch(f"/Groups/{staff['id']}", operation)) == (400, "noTarget")
    there = {**operation, "path": path.replace("nobody", ann["id"])}
    assert problem(idp.patch(f"/Groups/{staff['id']}", there)) == (400, "mutability")
    gone = {"op": "remove", "path": "members", "value": [member(ann)]}
    assert problem(idp.patch(f"/Groups/{staff['id']}", gone, there)) == (400, "noTarget")


def test_a_group_patch_is_logged_as_it_was_answered(idp: IdP) -> None:
    ann, staff = idp.user("ann"), idp.group("Staff")
    where = f"/Groups/{staff['id']}"
    add = {"op": "add", "path": "members", "value": [member(ann)]}
    for path, answered in ((where, 204), (f"{where}?attributes=displayName", 200)):
        assert idp.patch(path, add).status_code == answered
        assert ProvisioningLog.objects.latest("pk").status == answered
    assert idp.put(where, group_body("Staff")).status_code == 200
    assert ProvisioningLog.objects.latest("pk").status == 200


PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\{'|\['\w|<class|\bdict\b|UUID\(")
WRONG: list[Any] = [True, False, 5, 1.5, [], [None], [[]], {}, {"value": None}, {"value": {}}, [{"value": []}], "x"]


@pytest.mark.parametrize("path", ["userName", "active", "emails", "name", "members", "displayName", "externalId"])
def test_no_refusal_prints_python(idp: IdP, path: str) -> None:
    """No None, no dict, no class."""
    ann, staff = idp.user("ann"), idp.group("Staff")
    for value in WRONG:
        for answer in (
            idp.post("/Users", {**user_body(), path: value}),
            idp.patch(f"/Users/{ann['id']}", {"op": "replace", "path": path, "value": value}),
            idp.patch(f"/Users/{ann['id']}", {"op": "add", "value": {path: value}}),
            idp.post("/Groups", {**group_body(), path: value}),
            idp.patch(f"/Groups/{staff['id']}", {"op": "add", "path": path, "value": value}),
            idp.patch(f"/Groups/{staff['id']}", {"op": "replace", "value": {path: value}}),
        ):
            if answer.status_code >= 400:
                assert problem(answer)[0] in {400, 409}
                assert not PYTHON.search(answer.json()["detail"]), answer.json()["detail"]
