"""/Users: what is sent comes back, what must not be taken is not, and the portal's side follows (R1-R4, R8)."""

from __future__ import annotations

from typing import Any

import pytest

from identity.models import ProvisioningLog, SSOUser, User
from tests.clients import IdP, problem
from tests.scim.helpers import (
    BASE,
    CORE_USER,
    ENTERPRISE,
    FULL,
    PORTAL_USER,
    Document,
    snapshot,
    unchanged_database,
    user_body,
)
from tests.scim.stored import patched, stored, work


def own_view(document: Document) -> Document:
    """What the IdP sent, without what the portal adds to it."""
    added = {"schemas", "id", "meta", "active", "groups", PORTAL_USER}
    return {name: value for name, value in document.items() if name not in added}


# --- POST and GET -----------------------------------------------------------------------------------------


def test_a_posted_user_is_answered_whole(idp: IdP) -> None:
    answer = idp.post(
        "/Users",
        user_body("Ann@Example.com", externalId="e1", emails=[work("ann@example.com")], name={"givenName": "Ann"}),
    )
    body = answer.json()
    location = f"{BASE}/Users/{body['id']}"
    assert body == {
        "schemas": [CORE_USER, PORTAL_USER],
        "id": body["id"],
        "externalId": "e1",
        "userName": "Ann@Example.com",
        "name": {"givenName": "Ann"},
        "emails": [{"value": "ann@example.com", "type": "work"}],
        "active": True,
        "meta": {
            "resourceType": "User",
            "created": body["meta"]["created"],
            "lastModified": body["meta"]["created"],  # the same until the first change
            "location": location,
            "version": 'W/"1"',
        },
        PORTAL_USER: {"username": "Ann@Example.com", "email": "ann@example.com", "status": "enabled"},
    }
    assert (answer.status_code, answer["Location"], answer["ETag"]) == (201, location, 'W/"1"')
    assert answer["Content-Type"] == "application/scim+json"


def test_a_posted_user_is_a_portal_user_at_once(idp: IdP) -> None:
    user = idp.user("ann", emails=[work("ann@example.com")], name={"givenName": "Ann", "familyName": "Bo"})
    person = stored(user).user
    assert (person.username, person.email, person.first_name, person.last_name) == (
        "ann",
        "ann@example.com",
        "Ann",
        "Bo",
    )
    assert (person.status, person.role, person.managed_by, person.last_active) == (
        "enabled",
        "member",
        idp.provider,
        None,
    )
    assert not person.has_usable_password()


def test_everything_that_the_schema_knows_comes_back(idp: IdP) -> None:
    created = idp.user(**{"user_name": FULL["userName"], **{k: v for k, v in FULL.items() if k != "userName"}})
    assert own_view(created) == FULL
    assert own_view(idp.get(f"/Users/{created['id']}").json()) == FULL
    assert created["schemas"] == [CORE_USER, ENTERPRISE, PORTAL_USER]
    listed = idp.get("/Users").json()["Resources"]
    assert listed == [idp.get(f"/Users/{created['id']}").json()]


def test_put_brings_everything_too_and_clears_the_rest(idp: IdP) -> None:
    user = idp.user("bjensen@example.com", nickName="old")
    replaced = idp.put(f"/Users/{user['id']}", FULL).json()
    assert own_view(replaced) == FULL
    cleared = idp.put(f"/Users/{user['id']}", user_body("bjensen@example.com")).json()
    assert own_view(cleared) == {"userName": "bjensen@example.com", "externalId": FULL["externalId"]}
    assert cleared["schemas"] == [CORE_USER, PORTAL_USER]
    row = stored(user)
    assert (row.external_id, row.email, row.values.count()) == (FULL["externalId"], None, 0)
    assert (row.user.email, row.user.first_name) == ("bjensen@example.com", "Barbara")
    assert "externalId" not in idp.put(f"/Users/{user['id']}", user_body("bjensen@example.com", externalId=None)).json()


@pytest.mark.parametrize("email", ["x@corp.test", "x@localhost", "Bob@EXAMPLE.com", "jörg+x@bücher.example"])
def test_an_email_is_kept_as_it_is_written(idp: IdP, email: str) -> None:
    user = idp.user(emails=[{"value": email}])
    assert user["emails"] == [{"value": email}]
    assert user[PORTAL_USER]["email"] == email


@pytest.mark.parametrize("manager", ["26118915", {"value": "26118915"}])
def test_a_manager_may_be_a_plain_id(idp: IdP, manager: Any) -> None:
    user = idp.user(**{ENTERPRISE: {"manager": manager}})
    assert user[ENTERPRISE] == {"manager": {"value": "26118915"}}


def test_an_empty_manager_is_none(idp: IdP) -> None:
    assert ENTERPRISE not in own_view(idp.user(**{ENTERPRISE: {"manager": ""}}))


def test_attribute_names_are_compared_without_case(idp: IdP) -> None:
    user = idp.post("/Users", {"SCHEMAS": [CORE_USER], "USERNAME": "ann", "Name": {"GIVENNAME": "Ann"}}).json()
    assert (user["userName"], user["name"]) == ("ann", {"givenName": "Ann"})


def test_a_password_is_accepted_and_dropped(idp: IdP) -> None:
    user = idp.user("ann", password="Secret-1!")
    patched(idp, user, {"op": "replace", "path": "password", "value": "Secret-1!"})
    patched(idp, user, {"op": "replace", "value": {"password": "Secret-1!"}})
    answer = idp.put(f"/Users/{user['id']}", user_body("ann", password="Secret-1!"))
    assert "password" not in answer.json()
    assert not stored(user).user.has_usable_password()
    assert "Secret-1" not in repr(snapshot()) + repr(list(ProvisioningLog.objects.values_list()))


def test_unknown_attributes_and_extensions_are_ignored(idp: IdP) -> None:
    answer = idp.post(
        "/Users",
        user_body(
            "ann",
            favouriteColour="red",
            is_staff=True,
            role="owner",
            status="disabled",
            managed_by=None,
            **{"urn:example:params:scim:schemas:extension:2.0:User": {"x": 1}},
        ),
    )
    assert own_view(answer.json()) == {"userName": "ann"}
    assert stored(answer.json()).user.role == "member"


def test_what_only_the_server_says_is_ignored_in_bodies(idp: IdP) -> None:
    mine = {
        "id": "00000000-0000-4000-8000-000000000000",
        "meta": {"version": 'W/"99"', "resourceType": "Group", "created": "nonsense"},
        "groups": [{"value": "x"}],
        PORTAL_USER: {"status": "disabled", "username": "root"},
    }
    user = idp.post("/Users", user_body("ann", **mine)).json()
    assert user["id"] != mine["id"]
    assert (user["meta"]["version"], user["active"]) == ('W/"1"', True)
    assert user[PORTAL_USER] == {"username": "ann", "status": "enabled"}
    same = idp.put(f"/Users/{user['id']}", {**user, **mine}).json()
    assert same == user
    assert patched(idp, user, {"op": "replace", "value": mine}) == user


@pytest.mark.parametrize("schemas", [None, [], ["urn:scim:schemas:core:1.0"], [CORE_USER, "urn:x:y"], "x"])
def test_the_schemas_of_a_body_may_be_missing_old_or_odd(idp: IdP, schemas: Any) -> None:
    assert idp.post("/Users", {"schemas": schemas, "userName": "ann"}).status_code == 201


@pytest.mark.parametrize(
    ("attribute", "sent"),
    [("emails", "a@b.c"), ("emails", {"value": "a@b.c"}), ("emails", ["a@b.c", None]), ("roles", "guide")],
)
def test_one_value_may_stand_for_a_list_of_one(idp: IdP, attribute: str, sent: Any) -> None:
    value = sent["value"] if isinstance(sent, dict) else sent[0] if isinstance(sent, list) else sent
    assert idp.user(**{attribute: sent})[attribute] == [{"value": value}]


@pytest.mark.parametrize("sent", [True, "True", "TRUE", "true"])
def test_active_may_be_said_as_a_string(idp: IdP, sent: Any) -> None:
    assert idp.user(active=sent)["active"] is True


def test_a_user_can_be_made_inactive(idp: IdP) -> None:
    user = idp.user(active="False")
    assert (user["active"], user[PORTAL_USER]["status"]) == (False, "disabled")
    assert stored(user).user.status == "disabled"


@pytest.mark.parametrize("sent", ["yes", "0", 0, 1, "", [], {}])
def test_active_is_nothing_but_true_or_false(idp: IdP, sent: Any) -> None:
    answer = idp.post("/Users", user_body(active=sent))
    assert problem(answer) == (400, "invalidValue")
    assert "active" in answer.json()["detail"]


def test_null_is_as_good_as_absent(idp: IdP) -> None:
    """RFC 7643 section 2.5."""
    user = idp.user("ann", active=None, name=None, emails=None, externalId=None, **{ENTERPRISE: None})
    assert own_view(user) == {"userName": "ann"}
    assert user["active"] is True


@pytest.mark.parametrize("body", [{}, {"userName": ""}, {"userName": None}, {"userName": "  "}, {"userName": 5}])
def test_a_user_needs_a_user_name(idp: IdP, body: Document) -> None:
    with unchanged_database():
        answer = idp.post("/Users", body)
    assert problem(answer) == (400, "invalidValue")
    assert "userName" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", " a", "a ", "a  b", "a\tb", "x" * 256, "a\ufe0fb"])
def test_a_user_name_that_fools_readers_is_refused(idp: IdP, name: str) -> None:
    with unchanged_database():
        assert problem(idp.post("/Users", user_body(name))) == (400, "invalidValue")


@pytest.mark.parametrize("again", ["ann@example.com", "ANN@example.com", "ａnn@example.com"])
def test_a_user_name_is_taken_whatever_its_spelling(idp: IdP, again: str) -> None:
    idp.user("Ann@example.com")
    with unchanged_database():
        answer = idp.post("/Users", user_body(again))
    assert problem(answer) == (409, "uniqueness")
    assert "userName" in answer.json()["detail"]


# --- PUT --------------------------------------------------------------------------------------------------


def test_put_without_active_leaves_the_status(idp: IdP) -> None:
    user = idp.user("ann", active=False)
    assert idp.put(f"/Users/{user['id']}", user_body("ann", title="Boss")).json()["active"] is False


def test_put_of_the_same_changes_nothing(idp: IdP) -> None:
    user = idp.user("ann", title="Boss", emails=[work("a@b.c")])
    with unchanged_database():
        answer = idp.put(f"/Users/{user['id']}", user)
    assert (answer.status_code, answer.json()) == (200, user)


def test_put_changes_names_and_status_in_the_portal(idp: IdP) -> None:
    user = idp.user("ann", name={"givenName": "Ann", "familyName": "Bo"})
    answer = idp.put(f"/Users/{user['id']}", user_body("ann", name={"givenName": "Eve"}, active=False)).json()
    person = stored(user).user
    assert (person.first_name, person.last_name, person.status) == ("Eve", "", "disabled")
    assert (answer["active"], answer["meta"]["version"]) == (False, 'W/"2"')


def test_put_never_creates(idp: IdP) -> None:
    with unchanged_database():
        assert problem(idp.put("/Users/7d5b8ff8-4a3c-4d0e-9d4c-5f8f4f0f9d11", user_body())) == (404, None)


# --- PATCH ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["add", "replace", "Add", "Replace", "REPLACE"])
def test_an_attribute_is_set_by_add_and_replace_in_any_case(idp: IdP, op: str) -> None:
    assert patched(idp, idp.user(), {"op": op, "path": "title", "value": "Boss"})["title"] == "Boss"


@pytest.mark.parametrize("member", ["op", "OP", "Op"])
def test_member_names_of_operations_are_compared_without_case(idp: IdP, member: str) -> None:
    assert patched(idp, idp.user(), {member: "Replace", "Path": "TITLE", "Value": "Boss"})["title"] == "Boss"


PATHLESS: list[tuple[Document, Document]] = [
    ({"title": "Boss"}, {"title": "Boss"}),
    ({"name.givenName": "Eve"}, {"name": {"givenName": "Eve", "familyName": "Bo"}}),
    ({"name": {"givenName": "Eve"}}, {"name": {"givenName": "Eve", "familyName": "Bo"}}),
    ({'emails[type eq "work"].value': "n@b.c"}, {"emails": [{"value": "n@b.c", "type": "work"}]}),
    ({f"{ENTERPRISE}:department": "R&D"}, {ENTERPRISE: {"department": "R&D"}}),
    ({ENTERPRISE: {"department": "R&D"}}, {ENTERPRISE: {"department": "R&D"}}),
    ({f"{CORE_USER}:title": "Boss"}, {"title": "Boss"}),
    ({CORE_USER: {"title": "Boss"}}, {"title": "Boss"}),
    ({f"{ENTERPRISE}:manager": "m1"}, {ENTERPRISE: {"manager": {"value": "m1"}}}),
    ({"unknown": 1, "title": "Boss", "urn:x:y:z:User:a": 2}, {"title": "Boss"}),
]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(("value", "expected"), PATHLESS, ids=lambda value: next(iter(value)))
def test_an_operation_without_path_carries_attributes_and_paths(
    idp: IdP, op: str, value: Document, expected: Document
) -> None:
    user = idp.user(name={"givenName": "Ann", "familyName": "Bo"})
    after = own_view(patched(idp, user, {"op": op, "value": value}))
    assert after == {**own_view(user), **expected}


BY_PATH: list[tuple[str, Any, Document]] = [
    ("name.familyName", "Lee", {"name": {"givenName": "Ann", "familyName": "Lee"}}),
    (f"{CORE_USER}:name.familyName", "Lee", {"name": {"givenName": "Ann", "familyName": "Lee"}}),
    (f"{ENTERPRISE}:department", "R&D", {ENTERPRISE: {"department": "R&D"}}),
    (f"{ENTERPRISE.upper()}:DEPARTMENT", "R&D", {ENTERPRISE: {"department": "R&D"}}),
    (ENTERPRISE, {"department": "R&D"}, {ENTERPRISE: {"department": "R&D"}}),
    (f"{ENTERPRISE}:manager", "m1", {ENTERPRISE: {"manager": {"value": "m1"}}}),
    (f"{ENTERPRISE}:manager", {"value": "m1"}, {ENTERPRISE: {"manager": {"value": "m1"}}}),
    (f"{ENTERPRISE}:manager.value", "m1", {ENTERPRISE: {"manager": {"value": "m1"}}}),
    ('emails[type eq "work"].value', "n@b.c", {"emails": [{"value": "n@b.c", "type": "work"}]}),
    ('addresses[type eq "work"].locality', "Bern", {"addresses": [{"locality": "Bern", "type": "work"}]}),
    ("roles[primary eq true].value", "guide", {"roles": [{"value": "guide", "primary": True}]}),
    ('phoneNumbers[type eq "mobile"].value', "1", {"phoneNumbers": [{"value": "1", "type": "mobile"}]}),
    ("emails", [{"value": "n@b.c"}], {"emails": [{"value": "n@b.c"}]}),
    ("emails", {"value": "n@b.c"}, {"emails": [{"value": "n@b.c"}]}),
    ("externalId", "E-9", {"externalId": "E-9"}),
]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(("path", "value", "expected"), BY_PATH, ids=lambda value: str(value)[:40])
def test_a_path_names_any_attribute(idp: IdP, op: str, path: str, value: Any, expected: Document) -> None:
    user = idp.user(name={"givenName": "Ann", "familyName": "Bo"})
    after = own_view(patched(idp, user, {"op": op, "path": path, "value": value}))
    assert after == {**own_view(user), **expected}


def test_a_value_that_does_not_say_that_it_is_primary_is_not(idp: IdP) -> None:
    """RFC 7643 section 2.4, in the filter of a path as in that of a query."""
    roles = [{"value": "a", "primary": True}, {"value": "b"}, {"value": "c", "primary": False}]
    user = idp.user(roles=roles)
    change = {"op": "replace", "path": "roles[primary eq false].display", "value": "x"}
    assert patched(idp, user, change)["roles"] == [roles[0], {**roles[1], "display": "x"}, {**roles[2], "display": "x"}]
    change = {"op": "remove", "path": 'roles[PRIMARY NE False and value ne "primary eq false"]'}
    assert [role["value"] for role in patched(idp, user, change)["roles"]] == ["b", "c"]


def test_a_selected_value_is_changed_in_its_place(idp: IdP) -> None:
    emails = [work("a@b.c", primary=True), {"value": "h@b.c", "type": "home"}]
    user = idp.user(emails=emails)
    changed = patched(idp, user, {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@b.c"})
    assert changed["emails"] == [work("n@b.c", primary=True), emails[1]]
    by_value = {"op": "replace", "path": 'emails[value eq "h@b.c"].display', "value": "Home"}
    assert patched(idp, user, by_value)["emails"][1] == {"value": "h@b.c", "type": "home", "display": "Home"}


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(
    "path",
    [
        'emails[value eq "x@b.c"]',
        'emails[value eq "x@b.c"].display',
        'emails[type eq "work" and value eq "x"].display',
        'emails[type ne "work"].value',
        'emails[type sw "home"].value',
    ],
)
def test_a_value_that_is_not_there_and_not_described_is_no_target(idp: IdP, op: str, path: str) -> None:
    user = idp.user(emails=[work("a@b.c")])
    with unchanged_database():
        answer = idp.patch(f"/Users/{user['id']}", {"op": op, "path": path, "value": "v"})
    assert problem(answer) == (400, "noTarget")
    assert "emails" in answer.json()["detail"]


def test_add_appends_values_and_does_not_repeat_them(idp: IdP) -> None:
    user = idp.user(emails=[work("a@b.c")])
    more = {"op": "add", "path": "emails", "value": [{"value": "h@b.c", "type": "home"}, work("a@b.c")]}
    once = patched(idp, user, more)
    assert once["emails"] == [work("a@b.c"), {"value": "h@b.c", "type": "home"}]
    assert patched(idp, user, more) == once


def test_a_new_primary_value_takes_it_from_the_others(idp: IdP) -> None:
    """RFC 7644 section 3.5.2."""
    user = idp.user(emails=[work("a@b.c", primary=True)])
    new = {"value": "h@b.c", "type": "home", "primary": True}
    emails = patched(idp, user, {"op": "add", "path": "emails", "value": [new]})["emails"]
    assert [email["value"] for email in emails if email.get("primary")] == ["h@b.c"]


REMOVALS: list[tuple[Document, list[str]]] = [
    ({"path": "emails"}, []),
    ({"path": 'emails[type eq "work"]'}, ["h@b.c", "o@b.c"]),
    ({"path": 'emails[value eq "h@b.c"]'}, ["a@b.c", "o@b.c"]),
    ({"path": 'emails[type eq "fax"]'}, ["a@b.c", "h@b.c", "o@b.c"]),
    ({"path": 'emails[not (type eq "work") and value sw "h"]'}, ["a@b.c", "o@b.c"]),
    ({"path": "emails", "value": [{"value": "h@b.c"}]}, ["a@b.c", "o@b.c"]),
    ({"path": "emails", "value": [work("a@b.c"), {"value": "o@b.c"}]}, ["h@b.c"]),
    ({"path": "emails", "value": [{"value": "never@b.c"}]}, ["a@b.c", "h@b.c", "o@b.c"]),
]


@pytest.mark.parametrize(("operation", "left"), REMOVALS, ids=str)
def test_remove_takes_away_what_it_names_and_nothing_else(idp: IdP, operation: Document, left: list[str]) -> None:
    user = idp.user(emails=[work("a@b.c"), {"value": "h@b.c", "type": "home"}, {"value": "o@b.c", "type": "other"}])
    after = patched(idp, user, {"op": "Remove", **operation})
    assert [email["value"] for email in after.get("emails", [])] == left


@pytest.mark.parametrize("path", ["title", "name.givenName", f"{ENTERPRISE}:department", ENTERPRISE, "nickName"])
def test_remove_of_a_single_attribute(idp: IdP, path: str) -> None:
    user = idp.user("ann", title="Boss", name={"givenName": "Ann"}, **{ENTERPRISE: {"department": "R&D"}})
    after = patched(idp, user, {"op": "remove", "path": path})
    kept = {"title": "title", "name.givenName": "name", "nickName": ""}.get(path, ENTERPRISE)
    assert own_view(after) == {name: value for name, value in own_view(user).items() if name != kept}


def test_removing_the_given_name_empties_the_first_name(idp: IdP) -> None:
    user = idp.user(name={"givenName": "Ann", "familyName": "Bo"})
    patched(idp, user, {"op": "remove", "path": "name.givenName"})
    person = stored(user).user
    assert (person.first_name, person.last_name) == ("", "Bo")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": f"{CORE_USER}:active", "value": "false"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Replace", "value": {"ACTIVE": "False"}},
        {"op": "replace", "value": {f"{CORE_USER}:active": False}},
        {"op": "replace", "value": {CORE_USER: {"active": False}}},
        {"op": "replace", "path": CORE_USER, "value": {"active": False}},
    ],
    ids=str,
)
def test_a_user_is_deactivated_in_every_dialect(idp: IdP, operation: Document) -> None:
    user = idp.user()
    assert patched(idp, user, operation)["active"] is False
    assert stored(user).user.status == "disabled"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "active"},
        {"op": "remove", "path": f"{CORE_USER}:active"},
        {"op": "replace", "path": "active", "value": None},
        {"op": "replace", "value": {"active": None}},
    ],
    ids=str,
)
def test_taking_active_away_changes_nothing(idp: IdP, operation: Document) -> None:
    for user in (idp.user(active=True), idp.user(active=False)):
        assert patched(idp, user, operation) == user


def test_a_patch_that_says_nothing_of_the_status_leaves_it(idp: IdP) -> None:
    user = idp.user()
    User.objects.filter(pk=stored(user).user_id).update(status="disabled")
    assert patched(idp, user, {"op": "replace", "path": "title", "value": "Boss"})["active"] is False


REFUSED: list[tuple[Document, str]] = [
    ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
    ({"path": "title", "value": "x"}, "invalidSyntax"),
    ({"op": 1, "path": "title", "value": "x"}, "invalidSyntax"),
    ({"op": "replace", "path": "title"}, "invalidValue"),
    ({"op": "replace", "value": "x"}, "invalidValue"),
    ({"op": "remove"}, "noTarget"),
    ({"op": "remove", "path": ""}, "noTarget"),
    ({"op": "replace", "path": "emails[", "value": "x"}, "invalidPath"),
    ({"op": "replace", "path": "a.b.c.d", "value": "x"}, "invalidPath"),
    ({"op": "replace", "path": 5, "value": "x"}, "invalidPath"),
    ({"op": "replace", "path": 'title[type eq "x"]', "value": "x"}, "invalidFilter"),
    ({"op": "replace", "path": "title", "value": 5}, "invalidValue"),
    ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
    ({"op": "replace", "path": "name", "value": "x"}, "invalidValue"),
    ({"op": "replace", "path": "emails", "value": [5]}, "invalidValue"),
    ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
    ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
    ({"op": "replace", "path": "meta.version", "value": "x"}, "mutability"),
    ({"op": "add", "path": "groups", "value": [{"value": "x"}]}, "mutability"),
    ({"op": "replace", "path": f"{PORTAL_USER}:status", "value": "x"}, "mutability"),
    ({"op": "remove", "path": "userName"}, "mutability"),
    ({"op": "replace", "path": "userName", "value": None}, "mutability"),
    ({"op": "replace", "path": "userName", "value": ""}, "invalidValue"),
    ({"op": "replace", "path": "externalId", "value": "x" * 256}, "invalidValue"),
]


@pytest.mark.parametrize(("operation", "scim_type"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_bad_operation_is_refused_with_all_the_others(idp: IdP, operation: Document, scim_type: str) -> None:
    """RFC 7644 section 3.5.2: a PATCH is applied as a whole or not at all."""
    user = idp.user(title="Old")
    good = {"op": "replace", "path": "title", "value": "New"}
    with unchanged_database():
        first = idp.patch(f"/Users/{user['id']}", operation, good)
        last = idp.patch(f"/Users/{user['id']}", good, operation)
    assert problem(first) == problem(last) == (400, scim_type)


@pytest.mark.parametrize("operations", [None, {}, "x", [None], ["x"], [[]]])
def test_a_patch_needs_operations(idp: IdP, operations: Any) -> None:
    user = idp.user()
    answer = idp.send("PATCH", f"/Users/{user['id']}", {"Operations": operations})
    assert problem(answer) == (400, "invalidSyntax")


def test_a_patch_of_more_than_a_thousand_operations_is_too_many(idp: IdP) -> None:
    user = idp.user()
    title = {"op": "replace", "path": "title", "value": "x"}
    assert problem(idp.patch(f"/Users/{user['id']}", *[title] * 1_001)) == (400, "tooMany")
    assert idp.patch(f"/Users/{user['id']}", *[title] * 1_000).status_code == 200


@pytest.mark.parametrize("path", ["unknown", "name.unknown", "urn:example:2.0:User:x", f"{ENTERPRISE}:unknown"])
def test_an_unknown_attribute_in_a_path_is_ignored(idp: IdP, path: str) -> None:
    user = idp.user()
    title = {"op": "replace", "path": "title", "value": "Boss"}
    after = patched(idp, user, {"op": "replace", "path": path, "value": "x"}, title)
    assert own_view(after) == {**own_view(user), "title": "Boss"}


def test_operations_build_on_each_other(idp: IdP) -> None:
    after = patched(
        idp,
        idp.user(),
        {"op": "add", "path": "emails", "value": [work("a@b.c")]},
        {"op": "replace", "path": 'emails[value eq "a@b.c"].display', "value": "A"},
        {"op": "add", "path": 'emails[type eq "home"].value', "value": "h@b.c"},
        {"op": "remove", "path": 'emails[type eq "work"].display'},
    )
    assert after["emails"] == [work("a@b.c"), {"value": "h@b.c", "type": "home"}]


def test_a_later_user_name_is_the_idps_own_view_only(idp: IdP) -> None:
    """R2, R3."""
    user = idp.user("ann", emails=[work("ann@example.com")])
    renamed = patched(
        idp,
        user,
        {"op": "replace", "path": "userName", "value": "ann.lee"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ann.lee@example.com"},
    )
    assert (renamed["userName"], renamed["emails"]) == ("ann.lee", [work("ann.lee@example.com")])
    assert renamed[PORTAL_USER] == {"username": "ann", "email": "ann@example.com", "status": "enabled"}
    assert idp.found('userName eq "ann.lee"') == ["ann.lee"]
    assert idp.found('userName eq "ann"') == []


def test_the_version_follows_changes_and_only_changes(idp: IdP) -> None:
    user = idp.user(title="Boss")
    same = patched(idp, user, {"op": "replace", "path": "title", "value": "Boss"})
    assert same["meta"] == user["meta"]
    other = patched(idp, user, {"op": "replace", "path": "title", "value": "Chief"})
    assert other["meta"]["version"] == 'W/"2"'
    assert other["meta"]["lastModified"] > user["meta"]["lastModified"]
    assert other["meta"]["created"] == user["meta"]["created"]


# --- DELETE -----------------------------------------------------------------------------------------------


def test_delete_ends_the_record_and_disables_the_person(idp: IdP) -> None:
    """R8, R9."""
    user = idp.user("ann")
    person = stored(user).user
    answer = idp.delete(f"/Users/{user['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    person.refresh_from_db()
    assert (person.status, SSOUser.objects.count()) == ("disabled", 0)
    for request in (idp.get, idp.delete):
        assert problem(request(f"/Users/{user['id']}")) == (404, None)
    assert problem(idp.patch(f"/Users/{user['id']}", {"op": "remove", "path": "title"})) == (404, None)
    assert idp.get("/Users").json()["totalResults"] == 0


def test_a_deleted_user_comes_back_under_another_id(idp: IdP) -> None:
    user = idp.user("ann")
    person = stored(user).user
    idp.delete(f"/Users/{user['id']}")
    again = idp.user("ann")
    assert again["id"] != user["id"]
    assert (again["active"], stored(again).user) == (True, person)


# --- groups and the portal's view -------------------------------------------------------------------------


def test_a_user_shows_its_groups(idp: IdP) -> None:
    user = idp.user()
    group = idp.group("Staff", [user])
    assert idp.get(f"/Users/{user['id']}").json()["groups"] == [
        {
            "value": group["id"],
            "$ref": f"{BASE}/Groups/{group['id']}",
            "display": "Staff",
            "type": "direct",
        }
    ]
    assert idp.get("/Users").json()["Resources"] == [idp.get(f"/Users/{user['id']}").json()]


def test_active_is_the_portals_status(idp: IdP) -> None:
    user = idp.user()
    User.objects.filter(pk=stored(user).user_id).update(status="disabled", last_active="2026-01-02T03:04:05Z")
    shown = idp.get(f"/Users/{user['id']}").json()
    assert shown["active"] is False
    assert shown[PORTAL_USER] == {
        "username": user["userName"],
        "status": "disabled",
        "lastActive": "2026-01-02T03:04:05Z",
    }


# --- limits (SR-32, SR-34) --------------------------------------------------------------------------------


def roles(count: int) -> list[Document]:
    return [{"value": f"r{number}"} for number in range(count)]


def test_a_user_has_at_most_five_hundred_values(idp: IdP) -> None:
    user = idp.user("ann", roles=roles(300), emails=[work("a@b.c")])
    more = [{"value": f"e{number}"} for number in range(300)]
    with unchanged_database():
        for answer in (
            idp.post("/Users", user_body("ben", roles=roles(501))),
            idp.post("/Users", user_body("ben", roles=roles(300), entitlements=more)),
            idp.put(f"/Users/{user['id']}", user_body("ann", roles=roles(501))),
            idp.patch(f"/Users/{user['id']}", {"op": "add", "path": "entitlements", "value": more}),
            idp.patch(f"/Users/{user['id']}", {"op": "add", "value": {"entitlements": more + more}}),
        ):
            assert problem(answer) == (400, "tooMany")
    assert idp.post("/Users", user_body("ben", unknown=roles(501))).status_code == 201


def test_many_operations_on_many_values_are_too_many(idp: IdP) -> None:
    user = idp.user(roles=roles(400))
    operations = [{"op": "replace", "path": f'roles[value eq "r{n}"].display', "value": "x"} for n in range(60)]
    assert problem(idp.patch(f"/Users/{user['id']}", *operations)) == (400, "tooMany")
    after = patched(idp, user, *operations[:40])
    assert [role.get("display") for role in after["roles"][:41]] == ["x"] * 40 + [None]


def test_paths_have_limits(idp: IdP) -> None:
    path = f"/Users/{idp.user()['id']}"
    long = f'roles[value eq "{"x" * 4_096}"].display'
    assert problem(idp.patch(path, {"op": "add", "path": long, "value": "x"})) == (400, "invalidPath")
    many = [{"op": "add", "path": f'roles[type eq "{n}{"x" * 1_000}"].value', "value": "x"} for n in range(200)]
    assert problem(idp.patch(path, *many)) == (400, "tooMany")


def test_a_type_that_is_no_canonical_value_stays_through_a_patch_on_every_python(idp: IdP) -> None:
    """Before 3.11.4 an enumeration can't copy a member that it made up."""
    numbers = [{"value": "tel:+1-555-0100", "type": "direct line"}]
    user = idp.user(phoneNumbers=numbers)
    assert patched(idp, user, {"op": "replace", "path": "title", "value": "Boss"})["phoneNumbers"] == numbers
