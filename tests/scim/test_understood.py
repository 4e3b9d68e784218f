"""What was asked for is done, or refused, or named in the log: by the smallest inputs found (docs/design/scim.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from identity.models import ProvisioningLog, SSOUser
from tests.clients import IdP, problem
from tests.scim.helpers import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE,
    PORTAL_USER,
    SEARCH,
    Document,
    mapped,
    member,
    unchanged_database,
)
from tests.scim.stored import changed, fresh, ids, members, patched, people_of, stored, work

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.fixture
def people(idp: IdP) -> list[Document]:
    return [idp.user("ann"), idp.user("ben"), idp.user("cat")]


def last_row() -> ProvisioningLog:
    return ProvisioningLog.objects.latest("pk")


# --- members ----------------------------------------------------------------------------------------------

NONSENSE: list[Any] = [
    *({}, [{}], 0, 12, False, True, {"foo": "bar"}, [{"id": "x"}], [None], [["x"]], {"value": 5}, {"members": 5}),
    *('[{"id": "x"}]', "[", '{"value": ', "[12]"),
]


@pytest.mark.parametrize("value", NONSENSE, ids=json.dumps)
def test_members_that_cannot_be_read_are_refused_by_every_door(idp: IdP, people: list[Document], value: Any) -> None:
    group = idp.group("Guides", people)
    portal_group = mapped(group, "Staff")
    path, body = f"/Groups/{group['id']}", {"displayName": "Guides", "members": value}
    operation = {"method": "PUT", "path": path, "data": body}
    with unchanged_database():
        for answer in (
            *(idp.patch(path, {"op": op, "path": "members", "value": value}) for op in ("add", "replace", "remove")),
            *(idp.patch(path, {"op": op, "value": {"members": value}}) for op in ("add", "replace")),
            *(idp.put(path, body), idp.post("/Groups", {**body, "displayName": "New"})),
        ):
            assert problem(answer) == (400, "invalidValue")
            assert "members" in answer.json()["detail"]
        bulk = idp.post("/Bulk", {"schemas": [BULK], "Operations": [operation]}).json()
        assert bulk["Operations"][0]["status"] == "400"
    assert people_of(portal_group) == ids(*people)


@pytest.mark.parametrize("shape", ["JSON text", "JSON text of one", "by name", "by name in JSON text"])
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_members_as_json_text_or_by_name_are_read(idp: IdP, people: list[Document], op: str, shape: str) -> None:
    """Ping documents `{"members": [{"value": "…"}]}` as the value."""
    ann, ben, cat = people
    one = [member(ann)]
    value: Any = {
        "JSON text": json.dumps(one),
        "JSON text of one": json.dumps(one[0]),
        "by name": {"members": one},
        "by name in JSON text": json.dumps({"members": one}),
    }[shape]
    group = idp.group(members=[ben] if op == "add" else people)
    expected = {"add": ids(ann, ben), "replace": ids(ann), "remove": ids(ben, cat)}[op]
    assert changed(idp, group, {"op": op, "path": "members", "value": value}) == expected


@pytest.mark.parametrize("value", [None, []])
def test_null_and_an_empty_list_of_members_are_none(idp: IdP, people: list[Document], value: Any) -> None:
    group = idp.group(members=people)
    assert changed(idp, group, {"op": "add", "path": "members", "value": value}) == ids(*people)
    assert changed(idp, group, {"op": "add", "value": {"members": value}}) == ids(*people)
    assert changed(idp, group, {"op": "replace", "path": "members", "value": value}) == set()


# --- values of users --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"address": "x"}, [{"address": "x"}], {}, [{}], "", 5, [["a@b.c"]], [True]], ids=str)
def test_emails_that_cannot_be_read_destroy_none(idp: IdP, value: Any) -> None:
    user = idp.user("ann", emails=[work("ann@example.com")])
    path = f"/Users/{user['id']}"
    with unchanged_database():
        for answer in (
            *(idp.patch(path, {"op": op, "path": "emails", "value": value}) for op in ("add", "replace")),
            *(idp.patch(path, {"op": op, "value": {"emails": value}}) for op in ("add", "replace")),
            idp.put(path, {"userName": "ann", "emails": value}),
            idp.post("/Users", {"userName": "ben", "emails": value}),
        ):
            assert problem(answer) == (400, "invalidValue")
            assert "emails" in answer.json()["detail"]


def test_adding_null_adds_nothing(idp: IdP) -> None:
    user = idp.user(
        "ann", title="Boss", phoneNumbers=[work("1")], name={"givenName": "Ann"}, **{ENTERPRISE: {"department": "R&D"}}
    )
    for operation in (
        {"value": {"title": None, "phoneNumbers": None, "name": None, ENTERPRISE: None}},
        {"value": {"name": {"givenName": None}, ENTERPRISE: {"department": None}}},
        {"path": "title", "value": None},
        {"path": "name", "value": {"givenName": None}},
        {"path": 'phoneNumbers[type eq "work"]', "value": {"value": None}},
    ):
        assert patched(idp, user, {"op": "add", **operation}) == user


def test_a_primary_is_true_or_false(idp: IdP) -> None:
    for primary in ("yes", 1, "on", []):
        answer = idp.post("/Users", {"userName": "ann", "emails": [{"value": "a@b.c", "primary": primary}]})
        assert problem(answer) == (400, "invalidValue")
    assert idp.user(emails=[{"value": "a@b.c", "primary": "True"}])["emails"] == [{"value": "a@b.c", "primary": True}]


# --- JSON text --------------------------------------------------------------------------------------------


def test_json_text_is_read_where_an_object_or_a_list_stands(idp: IdP) -> None:
    sent = {
        "emails": '[{"value":"a@x.example","type":"work"}]',
        "phoneNumbers": ['{"value": "1"}'],
        "name": '{"givenName": "Ann"}',
        ENTERPRISE: '{"department": "R&D", "manager": {"value": "7"}}',
    }
    user = idp.user("ann", **sent)
    assert user["emails"] == [work("a@x.example")]
    assert (user["phoneNumbers"], user["name"]) == ([{"value": "1"}], {"givenName": "Ann"})
    assert user[ENTERPRISE] == {"department": "R&D", "manager": {"value": "7"}}
    assert user[PORTAL_USER]["email"] == "a@x.example"
    after = patched(idp, user, {"op": "replace", "value": '{"active": false, "emails": "[]"}'})
    assert (after["active"], "emails" in after) == (False, False)


@pytest.mark.parametrize("text", ['[{"value":"a@x.example"}', "{", "[1, 2", '{"a": NaN}', '{"a": 1, "A": 2}'])
def test_text_that_looks_like_json_and_is_none_is_refused(idp: IdP, text: str) -> None:
    for attribute in ("emails", "roles", "name", ENTERPRISE, f"{ENTERPRISE}:manager"):
        with unchanged_database():
            assert problem(idp.post("/Users", {"userName": "ann", attribute: text})) == (400, "invalidValue")


@pytest.mark.parametrize("text", ["n/a", "none", "ann at example.com", "a@b@c", "@example.com", "ann@", "<a@b.c>"])
def test_what_is_no_address_stays_on_the_idps_side(idp: IdP, text: str) -> None:
    """R2: stored as it was sent, told in the log, and a real one is taken when it arrives."""
    user = idp.user("ann", emails=[{"value": text}])
    assert user["emails"] == [{"value": text}]
    assert user[PORTAL_USER] == {"username": "ann", "status": "enabled"}
    assert (last_row().outcome, last_row().details["ignored"]) == ("partly", {"email": {"from": None, "to": text}})
    patched(idp, user, {"op": "replace", "path": "title", "value": "Boss"})
    assert last_row().outcome == "applied"
    real = patched(idp, user, {"op": "replace", "path": "emails", "value": [{"value": "ann@example.com"}]})
    assert real[PORTAL_USER]["email"] == "ann@example.com"


# --- paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        (f"{CORE_USER}.active", False, ("active", False)),
        (f"{CORE_USER.upper()}.ACTIVE", "False", ("active", False)),
        (f"{CORE_USER}.title", "Boss", ("title", "Boss")),
        (f"{CORE_USER}.name.givenName", "Eve", ("name", {"givenName": "Eve"})),
        (f'{CORE_USER}.emails[type eq "work"].value', "e@b.c", ("emails", [work("e@b.c")])),
        (f"{ENTERPRISE}.department", "R&D", (ENTERPRISE, {"department": "R&D"})),
        (f"{ENTERPRISE}.manager.value", "7", (ENTERPRISE, {"manager": {"value": "7"}})),
        ("urn:scim:schemas:extension:enterprise:1.0:department", "R&D", (ENTERPRISE, {"department": "R&D"})),
        ("urn:scim:schemas:extension:enterprise:1.0.department", "R&D", (ENTERPRISE, {"department": "R&D"})),
        ("department", "R&D", (ENTERPRISE, {"department": "R&D"})),
    ],
)
@pytest.mark.parametrize("with_path", [True, False])
def test_a_path_is_read_however_its_schema_is_written(
    idp: IdP, path: str, value: Any, shown: tuple[str, Any], with_path: bool
) -> None:
    user = idp.user("ann")
    operation = {"path": path, "value": value} if with_path else {"value": {path: value}}
    assert patched(idp, user, {"op": "replace", **operation})[shown[0]] == shown[1]
    if "[" not in path:
        whole = idp.put(f"/Users/{user['id']}", {"userName": "ann", path: value}).json()
        assert whole[shown[0]] == shown[1]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "User.active",
            "foo.active",
            "urn:foo:bar:active",
            "urn:example:2.0:User.userName",
            "urn:scim:core:1.0:title",
        ),
        *("active.value", "title.value", "x.givenName", "name.title", f"{CORE_USER}:title.value", "emails.userName"),
    ],
)
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_path_that_ends_like_one_of_ours_is_refused(idp: IdP, path: str, op: str) -> None:
    user = idp.user("ann", title="Boss")
    address = f"/Users/{user['id']}"
    with unchanged_database():
        assert problem(idp.patch(address, {"op": op, "path": path, "value": "x"})) == (400, "invalidPath")
        if op != "remove":
            assert problem(idp.patch(address, {"op": op, "value": {path: "x"}})) == (400, "invalidPath")
        assert problem(idp.put(address, {"userName": "ann", path: "x"})) == (400, "invalidPath")


@pytest.mark.parametrize(
    "path", ["foo", "foo.bar", "urn:example:2.0:User:x", f"{ENTERPRISE}:unknown", 'foo[a eq "b"].c']
)
@pytest.mark.parametrize("endpoint", ["Users", "Groups"])
def test_what_is_no_attribute_of_ours_is_ignored_and_named(idp: IdP, endpoint: str, path: str) -> None:
    """One behaviour for users and groups."""
    resource = idp.user("ann") if endpoint == "Users" else idp.group("Guides")
    address = f"/{endpoint}/{resource['id']}"
    for operation in ({"op": "replace", "path": path, "value": 5}, {"op": "add", "value": {path: "x"}}):
        assert idp.patch(address, operation).status_code in {200, 204}
        assert idp.get(address).json() == resource
        row = last_row()
        assert (row.outcome, row.details["left_out"]) == ("partly", [{"attribute": path, "why": "unknown"}])
        assert f"Left out: {path} is no attribute that the portal knows." in row.summary
    needed = {"userName": "ann"} if endpoint == "Users" else {"displayName": "Guides"}
    if "[" not in path:
        assert idp.put(address, {**needed, path: {"x": 1}}).status_code == 200
        assert last_row().outcome == "partly"


@pytest.mark.parametrize(
    "path", ["Group.members", "urn:example:2.0:Group:displayName", "foo.members", "displayName.value"]
)
def test_a_path_that_ends_like_one_of_a_groups_is_refused(idp: IdP, people: list[Document], path: str) -> None:
    group = idp.group("Guides", people)
    address = f"/Groups/{group['id']}"
    with unchanged_database():
        for op in ("add", "replace", "remove"):
            assert problem(idp.patch(address, {"op": op, "path": path, "value": []})) == (400, "invalidPath")
        assert problem(idp.put(address, {"displayName": "Guides", path: []})) == (400, "invalidPath")


def test_the_members_of_a_group_go_by_a_dot_after_the_urn(idp: IdP, people: list[Document]) -> None:
    group = idp.group("Guides")
    assert changed(idp, group, {"op": "add", "path": f"{CORE_GROUP}.members", "value": [member(people[0])]}) == ids(
        people[0]
    )
    changed(idp, group, {"op": "replace", "value": {f"{CORE_GROUP}.displayName": "Tour Guides"}})
    assert (fresh(idp, group)["displayName"], members(group)) == ("Tour Guides", ids(people[0]))


def test_the_names_that_are_left_out_are_few_and_printable(idp: IdP) -> None:
    idp.user("ann", **{f"odd\u202e{number}{'x' * 200}": 1 for number in range(50)})
    left_out = last_row().details["left_out"]
    assert len(left_out) == 20
    assert all(len(told["attribute"]) <= 80 and "\u202e" not in told["attribute"] for told in left_out)


@pytest.mark.parametrize("name", ["attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "cursor"])
@pytest.mark.parametrize("value", [False, 0, {}, 5, [5], [{}]], ids=str)
def test_a_search_that_cannot_be_read_is_refused(idp: IdP, name: str, value: Any) -> None:
    for endpoint in ("/Users/.search", "/Groups/.search", "/.search"):
        assert problem(idp.post(endpoint, {"schemas": [SEARCH], name: value}))[0] == 400


@pytest.mark.parametrize("name", ["[" * 50_000, "a[" + "].x" * 50_000, "urn:" * 50_000, "a." * 50_000 + "x"])
def test_names_as_long_as_the_body_are_looked_at_once(idp: IdP, name: str) -> None:
    user = idp.user("ann")
    assert idp.put(f"/Users/{user['id']}", {"userName": "ann", name: 1}).status_code in {200, 400}
    assert idp.patch(f"/Users/{user['id']}", {"op": "add", "value": {name: 1}}).status_code in {200, 400}


# --- Base64 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["YQ", "YQ==", "YWI", "YWI=", "YWJj", "+/+/", ""])
def test_base64_is_answered_as_it_was_sent(idp: IdP, value: str) -> None:
    """RFC 7643 section 2.3.6: the padding may be left out."""
    user = idp.user("ann", x509Certificates=[{"value": value, "type": "signing"}])
    assert user["x509Certificates"] == [{"value": value, "type": "signing"}]
    after = patched(idp, user, {"op": "add", "path": "x509Certificates", "value": {"value": "Yg"}})
    assert [each["value"] for each in after["x509Certificates"]] == [value, "Yg"]
    assert idp.found('x509Certificates.value eq "Yg=="') == ["ann"]


@pytest.mark.parametrize("value", ["Y*Q=", "a", "YQ=", "Y-Q_", "YQ==\n", "Y Q", "é", "Y=Q="])
def test_what_is_no_base64_is_refused(idp: IdP, value: str) -> None:
    with unchanged_database():
        answer = idp.post("/Users", {"userName": "ann", "x509Certificates": [{"value": value}]})
    assert problem(answer) == (400, "invalidValue")
    assert "x509Certificates[0].value" in answer.json()["detail"]


# --- leavers (R2) -----------------------------------------------------------------------------------------

TWO_PRIMARY = [{"value": "a@b.c", "primary": True}, {"value": "b@b.c", "primary": True}]

BAD: list[tuple[str, Any]] = [
    (ENTERPRISE, {"employeeNumber": 701984}),
    ("emails", TWO_PRIMARY),
    ("emails", {"address": "x"}),
    ("title", 5),
    ("title", ["x"]),
    ("name", "Ann"),
    ("name", {"givenName": "x" * 300}),
    ("userName", "bob"),
    ("userName", " bad\u202e"),
    ("userName", None),
    ("userName", ["x"]),
    ("externalId", "x" * 256),
    ("foo.title", "x"),
    ("x509Certificates", [{"value": "*"}]),
    ("emails", [{"value": "x" * 300 + "@example.com"}]),
    ("roles", "[broken"),
    (ENTERPRISE, 5),
    (ENTERPRISE, "[broken"),
    (CORE_USER, "x"),
]


@pytest.mark.parametrize("way", ["put", "patch", "patch each", "bulk put", "bulk patch"])
@pytest.mark.parametrize(("attribute", "value"), BAD, ids=lambda value: str(value)[:30])
def test_nothing_keeps_a_leaver_in(idp: IdP, way: str, attribute: str, value: Any) -> None:
    idp.user("bob")
    kept = {"title": "Boss", "emails": [work("ann@example.com")], "externalId": "e1"}
    user = idp.user("ann", **kept)
    path = f"/Users/{user['id']}"
    said = {"userName": "ann", **kept, "nickName": "Annie", "active": False}
    body = {attribute: value, **{name: item for name, item in said.items() if name != attribute}}
    operations = {
        "patch": [{"op": "replace", "value": {attribute: value, "nickName": "Annie", "active": False}}],
        "patch each": [
            {"op": "replace", "path": attribute, "value": value},
            {"op": "replace", "path": "active", "value": "False"},
            {"op": "replace", "path": "nickName", "value": "Annie"},
        ],
    }
    match way.split():
        case ["put"]:
            answer = idp.put(path, body)
        case ["bulk", method]:
            data = body if method == "put" else {"Operations": operations["patch each"]}
            operation = {"method": method.upper(), "path": path, "data": data}
            answer = idp.post("/Bulk", {"schemas": [BULK], "Operations": [operation]})
            assert answer.json()["Operations"][0]["status"] == "200", answer.content
        case _:
            answer = idp.patch(path, *operations[way])
    assert answer.status_code == 200, answer.content
    after = idp.get(path).json()
    assert (after["active"], stored(user).user.status, after["nickName"]) == (False, "disabled", "Annie")
    assert {name: after[name] for name in kept} == kept or value in (TWO_PRIMARY, BAD[14][1])
    assert after["userName"] == "ann"
    assert last_row().outcome == "partly"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": 'emails[value eq "nobody"].display', "value": "x"},
        {"op": "replace", "path": "emails[type eq]", "value": "x"},
        {"op": "replace", "path": "emails[", "value": "x"},
        {"op": "remove", "path": "userName"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "move", "path": "title", "value": "x"},
        {"op": "replace", "path": "title"},
        {"op": "add", "path": "emails", "value": TWO_PRIMARY},
        {"op": "replace", "value": 5},
        "nonsense",
    ],
    ids=str,
)
def test_no_operation_keeps_a_leaver_in(idp: IdP, operation: Any) -> None:
    user = idp.user("ann", title="Boss", emails=[work("ann@example.com")])
    leave = {"op": "Replace", "path": "active", "value": "False"}
    nick = {"op": "add", "path": "nickName", "value": "Annie"}
    with unchanged_database():
        assert problem(idp.patch(f"/Users/{user['id']}", operation, nick))[0] == 400
    after = patched(idp, user, operation, leave, nick)
    kept = {name: after[name] for name in ("active", "title", "emails", "nickName", "userName")}
    expected = {"active": False, "title": "Boss", "emails": user["emails"], "nickName": "Annie", "userName": "ann"}
    assert (kept, last_row().outcome) == (expected, "partly")


def test_a_bad_value_is_refused_where_nobody_leaves(idp: IdP) -> None:
    user = idp.user("ann")
    path = f"/Users/{user['id']}"
    with unchanged_database():
        for operations in (
            [{"op": "replace", "value": {"title": 5, "active": True}}],
            [
                {"op": "replace", "path": "active", "value": False},
                {"op": "replace", "value": {"title": 5, "active": True}},
            ],
            [{"op": "replace", "path": "active", "value": "no"}, {"op": "replace", "path": "title", "value": 5}],
        ):
            assert problem(idp.patch(path, *operations)) == (400, "invalidValue")
        for body in ({"title": 5}, {"title": 5, "active": True}, {"title": 5, "active": None}):
            assert problem(idp.put(path, {"userName": "ann", **body})) == (400, "invalidValue")
        assert problem(idp.post("/Users", {"userName": "new", "title": 5, "active": False})) == (400, "invalidValue")


def test_a_leavers_request_beyond_the_limits_is_refused(idp: IdP) -> None:
    user = idp.user("ann")
    leave = {"op": "replace", "path": "active", "value": False}
    with unchanged_database():
        assert problem(idp.patch(f"/Users/{user['id']}", *[leave] * 1_001)) == (400, "tooMany")
        assert problem(idp.send("PATCH", f"/Users/{user['id']}", b'{"active": false')) == (400, "invalidSyntax")


def test_a_put_of_a_leaver_without_a_user_name_keeps_the_record(idp: IdP) -> None:
    user = idp.user("ann", title="Boss", externalId="e1")
    after = idp.put(f"/Users/{user['id']}", {"active": False}).json()
    assert (after["active"], after["userName"], after["title"], after["externalId"]) == (False, "ann", "Boss", "e1")
    assert SSOUser.objects.count() == 1


@pytest.mark.parametrize("name", ["name.givenName", f"{CORE_USER}:name.givenName"])
def test_a_part_of_a_leavers_name_that_can_not_be_taken_keeps_the_whole_name(idp: IdP, name: str) -> None:
    whole = {"givenName": "Ann", "familyName": "Boston"}
    user = idp.user("ann", name=whole)
    after = idp.put(f"/Users/{user['id']}", {"userName": "ann", "active": False, name: ["x"]}).json()
    assert (after["active"], after["name"]) == (False, whole)
