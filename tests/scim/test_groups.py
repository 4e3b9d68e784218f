"""/Groups: members as sets, names as keys, and answers whose cost follows the change (R14-R20)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from identity.models import Group, GroupMapping, ProvisioningLog, SSOGroup, SSOMembership, SSOUser
from identity.services import groups
from identity.services.provisioning import groups as sso_groups
from tests.clients import IdP, new_idp, problem
from tests.factories import OPERATOR
from tests.scim.helpers import (
    BASE,
    CORE_GROUP,
    PATCH_OP,
    PORTAL_GROUP,
    Document,
    group_body,
    mapped,
    member,
    unchanged_database,
)
from tests.scim.stored import changed, fresh, ids, members, people_of


@pytest.fixture
def people(idp: IdP) -> list[Document]:
    return [idp.user("ann", displayName="Ann Bo"), idp.user("ben"), idp.user("cat")]


# --- POST, GET, PUT ---------------------------------------------------------------------------------------


def test_a_posted_group_is_answered_whole(idp: IdP, people: list[Document]) -> None:
    ann, ben, _ = people
    answer = idp.post("/Groups", group_body("Tour Guides", [ann, ben], externalId="g1"))
    body = answer.json()
    location = f"{BASE}/Groups/{body['id']}"
    assert body == {
        "schemas": [CORE_GROUP, PORTAL_GROUP],
        "id": body["id"],
        "externalId": "g1",
        "displayName": "Tour Guides",
        "meta": {
            "resourceType": "Group",
            "created": body["meta"]["created"],
            "lastModified": body["meta"]["created"],
            "location": location,
            "version": 'W/"1"',
        },
        "members": [
            {"value": ann["id"], "$ref": f"{BASE}/Users/{ann['id']}", "type": "User", "display": "Ann Bo"},
            {"value": ben["id"], "$ref": f"{BASE}/Users/{ben['id']}", "type": "User", "display": "ben"},
        ],
    }
    assert (answer.status_code, answer["Location"], answer["ETag"]) == (201, location, 'W/"1"')
    assert fresh(idp, body) == body
    assert idp.get("/Groups").json()["Resources"] == [body]


def test_an_unmapped_group_touches_no_portal_group(idp: IdP, people: list[Document]) -> None:
    """R14."""
    portal_group = groups.create_group(name="Staff", actor=OPERATOR)
    idp.group("Staff", people)
    assert (people_of(portal_group), GroupMapping.objects.count()) == (set(), 0)


def test_a_group_shows_the_portal_groups_that_it_feeds(idp: IdP, people: list[Document]) -> None:
    group = idp.group("Guides", people)
    portal_group = mapped(group, "Staff")
    expected = {"portalGroups": [{"value": str(portal_group.pk), "display": "Staff"}]}
    assert fresh(idp, group)[PORTAL_GROUP] == expected
    assert idp.get("/Groups").json()["Resources"][0][PORTAL_GROUP] == expected


def test_put_replaces_name_external_id_and_members(idp: IdP, people: list[Document]) -> None:
    ann, ben, cat = people
    group = idp.group("Guides", [ann, ben], externalId="g1")
    answer = idp.put(f"/Groups/{group['id']}", group_body("Tour Guides", [ben, cat]))
    assert answer.status_code == 200
    assert answer.json() == fresh(idp, group)
    assert (answer.json()["displayName"], members(group)) == ("Tour Guides", ids(ben, cat))
    assert "externalId" not in answer.json()
    assert answer["ETag"] == 'W/"2"'


@pytest.mark.parametrize("body", [{}, {"members": []}, {"members": None}])
def test_put_without_members_clears_them(idp: IdP, people: list[Document], body: Document) -> None:
    group = idp.group("Guides", people)
    assert idp.put(f"/Groups/{group['id']}", {**group_body("Guides"), **body}).status_code == 200
    assert members(group) == set()


def test_put_of_the_same_changes_nothing(idp: IdP, people: list[Document]) -> None:
    group = idp.group("Guides", people, externalId="g1")
    with unchanged_database():
        answer = idp.put(f"/Groups/{group['id']}", group)
    assert (answer.status_code, answer.json()) == (200, group)


def test_what_only_the_server_says_is_ignored_in_bodies(idp: IdP) -> None:
    mine = {
        "id": str(uuid4()),
        "meta": {"version": "x"},
        PORTAL_GROUP: {"portalGroups": [{"value": "1"}]},
        "urn:x:y": 1,
    }
    group = idp.group("Guides", **mine)
    assert group["id"] != mine["id"]
    assert idp.put(f"/Groups/{group['id']}", {**group, **mine}).json() == group
    assert changed(idp, group, {"op": "replace", "value": {"id": mine["id"], "meta": {}, "unknown": 1}}) == set()
    assert fresh(idp, group) == group


@pytest.mark.parametrize("name", ["", None, "  ", 5, ["x"], "x" * 256, "a\u202eb", "a\nb"])
def test_a_group_needs_a_name_that_can_be_read(idp: IdP, name: Any) -> None:
    with unchanged_database():
        answer = idp.post("/Groups", {"displayName": name})
    assert problem(answer) == (400, "invalidValue")
    assert "displayName" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["Sales  EMEA", "Ünïcode 🎉", "a/b", "100%", "R&D <b>", " padded "])
def test_a_group_name_may_be_nearly_anything(idp: IdP, name: str) -> None:
    assert idp.group(name)["displayName"] == name


@pytest.mark.parametrize("again", ["Guides", "GUIDES", "ｇuides"])
def test_a_name_is_unique_within_an_idp(idp: IdP, again: str) -> None:
    """R14."""
    idp.group("Guides")
    other = idp.group("Other")
    with unchanged_database():
        for answer in (
            idp.post("/Groups", group_body(again)),
            idp.put(f"/Groups/{other['id']}", group_body(again)),
            idp.patch(f"/Groups/{other['id']}", {"op": "replace", "path": "displayName", "value": again}),
        ):
            assert problem(answer) == (409, "uniqueness")
            assert "displayName" in answer.json()["detail"]
    assert new_idp().group(again)["displayName"] == again


def test_a_declared_group_is_invisible_until_it_is_pushed(idp: IdP) -> None:
    """R19."""
    declared = sso_groups.declare_sso_group(idp.provider, name="Guides", actor=OPERATOR)
    assert problem(idp.get(f"/Groups/{declared.scim_id}")) == (404, None)
    assert idp.get("/Groups").json()["totalResults"] == 0
    assert idp.group("guides")["id"] == str(declared.scim_id)
    other = sso_groups.declare_sso_group(idp.provider, name="Admins", actor=OPERATOR)
    rename = {"op": "replace", "path": "displayName", "value": other.display_name}
    assert problem(idp.patch(f"/Groups/{declared.scim_id}", rename)) == (409, "uniqueness")


# --- members ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["add", "Add", "ADD"])
@pytest.mark.parametrize("with_path", [True, False])
def test_members_are_added(idp: IdP, people: list[Document], op: str, with_path: bool) -> None:
    ann, ben, cat = people
    group = idp.group(members=[ann])
    value = [member(ann), member(ben), member(cat), member(cat)]
    operation = {"path": "members", "value": value} if with_path else {"value": {"members": value}}
    assert changed(idp, group, {"op": op, **operation}) == ids(*people)


@pytest.mark.parametrize("path", ["members", "MEMBERS", f"{CORE_GROUP}:members", " members "])
def test_members_go_by_any_spelling_of_the_path(idp: IdP, people: list[Document], path: str) -> None:
    group = idp.group()
    assert changed(idp, group, {"op": "add", "path": path, "value": [member(people[0])]}) == ids(people[0])


@pytest.mark.parametrize("shape", ["object", "string", "strings", "rich"])
def test_a_member_may_be_named_in_several_ways(idp: IdP, people: list[Document], shape: str) -> None:
    ann = people[0]
    value: Any = {
        "object": member(ann),
        "string": ann["id"],
        "strings": [ann["id"].upper()],
        "rich": [{"value": ann["id"], "$ref": None, "type": "User", "display": "x", "VENDOR": 1}],
    }[shape]
    group = idp.group()
    assert changed(idp, group, {"op": "add", "path": "members", "value": value}) == ids(ann)


def test_replace_leaves_exactly_these_members(idp: IdP, people: list[Document]) -> None:
    ann, ben, cat = people
    group = idp.group(members=[ann, ben])
    swap = {"op": "replace", "path": "members", "value": [member(cat)]}
    assert changed(idp, group, swap) == ids(cat)
    assert changed(idp, group, {"op": "replace", "value": {"members": [member(ben)]}}) == ids(ben)
    assert changed(idp, group, {"op": "replace", "path": "members", "value": []}) == set()


def removals(ann: str, ben: str) -> list[tuple[Document, set[str]]]:
    """Operations on a group of Ann, Ben and Cat, and whom they remove."""
    gone = str(uuid4())
    return [
        ({"path": "members"}, {"ann", "ben", "cat"}),
        ({"path": "members", "value": None}, {"ann", "ben", "cat"}),
        ({"path": f'members[value eq "{ann}"]'}, {"ann"}),
        ({"path": f'members[value eq "{ann.upper()}"]'}, {"ann"}),
        ({"path": f'members[value eq "{ann}" or value eq "{ben}"]'}, {"ann", "ben"}),
        ({"path": f'{CORE_GROUP}:members[value eq "{ann}"]'}, {"ann"}),
        ({"path": 'members[display sw "b"]'}, {"ben"}),
        ({"path": f'members[not (value eq "{ann}")]'}, {"ben", "cat"}),
        ({"path": f'members[value eq "{gone}"]'}, set()),
        ({"path": 'members[value eq "nobody"]'}, set()),
        ({"path": "members", "value": [{"value": ann}]}, {"ann"}),
        ({"path": "members", "value": [{"value": ann, "type": "Group"}]}, {"ann"}),
        ({"path": "members", "value": {"value": ann}}, {"ann"}),
        ({"path": "members", "value": ann}, {"ann"}),
        ({"path": "members", "value": [ann, ben, gone]}, {"ann", "ben"}),
        ({"path": "members", "value": []}, set()),
        ({"path": "members", "value": [{"value": gone}]}, set()),
        ({"path": "members", "value": [{"value": "nobody"}]}, set()),
        ({"path": "members", "value": ""}, set()),
    ]


def test_operations_of_one_patch_follow_each_other(idp: IdP, people: list[Document]) -> None:
    ann, ben, cat = people[:3]
    group = idp.group("Staff", [ann])
    left = changed(
        idp,
        group,
        {"op": "replace", "path": "members", "value": [member(ann), member(ben)]},
        {"op": "add", "path": "members", "value": [member(cat)]},
        {"op": "remove", "path": f'members[value eq "{ben["id"]}"]'},
    )
    assert left == {ann["id"], cat["id"]}


@pytest.mark.parametrize("number", range(len(removals("a", "b"))))
def test_remove_takes_away_whom_it_names_and_nobody_else(idp: IdP, people: list[Document], number: int) -> None:
    """R20: a remove that names members never removes others; without value or filter it clears."""
    ann, ben, _ = people
    operation, expected = removals(ann["id"], ben["id"])[number]
    group = idp.group(members=people)
    left = changed(idp, group, {"op": "remove", **operation})
    assert {user["userName"] for user in people if user["id"] not in left} == expected


@pytest.mark.parametrize("known_as", ["unknown", "of another IdP", "no id", "empty", "number", "another IdP's group"])
@pytest.mark.parametrize("way", ["post", "put", "add", "replace"])
def test_a_member_that_was_never_a_user_of_this_idp_is_refused(
    idp: IdP, people: list[Document], known_as: str, way: str
) -> None:
    """R14, R20: 400 naming it, nothing applied."""
    group = idp.group("Guides", people[:1])
    entry: Any = {
        "unknown": {"value": str(uuid4())},
        "of another IdP": {"value": new_idp().user()["id"]},
        "no id": {"value": "nobody"},
        "empty": {},
        "number": 5,
        "another IdP's group": {"value": new_idp().group()["id"]},
    }[known_as]
    value = [member(people[2]), entry]
    path = f"/Groups/{group['id']}"
    with unchanged_database():
        match way:
            case "post":
                answer = idp.post("/Groups", {"displayName": "New", "members": value})
            case "put":
                answer = idp.put(path, {"displayName": "Guides", "members": value})
            case _:
                answer = idp.patch(path, {"op": way, "path": "members", "value": value})
    assert problem(answer) == (400, "invalidValue")
    assert "members" in answer.json()["detail"]


def test_a_refused_member_is_named(idp: IdP) -> None:
    stranger = str(uuid4())
    answer = idp.patch(f"/Groups/{idp.group()['id']}", {"op": "add", "path": "members", "value": [{"value": stranger}]})
    assert stranger in answer.json()["detail"]


def test_a_member_that_is_gone_is_skipped_and_counted(idp: IdP, people: list[Document]) -> None:
    """R20."""
    ann, ben, _ = people
    group = idp.group()
    idp.delete(f"/Users/{ann['id']}")
    assert changed(idp, group, {"op": "add", "path": "members", "value": [member(ann), member(ben)]}) == ids(ben)
    row = ProvisioningLog.objects.latest("pk")
    assert (row.outcome, row.details) == ("partly", {"added": 1, "skipped": 1})


def test_operations_on_members_build_on_each_other(idp: IdP, people: list[Document]) -> None:
    ann, ben, cat = people
    group = idp.group(members=[ann])
    add = {"op": "add", "path": "members", "value": [member(ben), member(cat)]}
    remove = {"op": "remove", "path": f'members[value eq "{ben["id"]}"]'}
    assert changed(idp, group, add, remove) == ids(ann, cat)
    assert changed(idp, group, remove, add) == ids(ann, ben, cat)
    assert changed(idp, group, {"op": "remove", "path": "members"}, add) == ids(ben, cat)


def test_one_operation_for_each_member_is_one_change(idp: IdP, people: list[Document]) -> None:
    group = idp.group()
    adds = [{"op": "Add", "path": "members", "value": [member(user)]} for user in people]
    assert changed(idp, group, *adds) == ids(*people)
    assert fresh(idp, group)["meta"]["version"] == 'W/"2"'


def test_a_mapped_portal_group_follows(idp: IdP, people: list[Document]) -> None:
    """R15, R17."""
    ann, ben, cat = people
    group = idp.group("Guides", [ann])
    portal_group = mapped(group, "Staff")
    changed(idp, group, {"op": "add", "path": "members", "value": [member(ben), member(cat)]})
    assert people_of(portal_group) == ids(ann, ben, cat)
    changed(idp, group, {"op": "remove", "path": "members", "value": [member(ben)]})
    assert people_of(portal_group) == ids(ann, cat)
    assert idp.delete(f"/Groups/{group['id']}").status_code == 204
    assert people_of(portal_group) == set()
    assert Group.objects.filter(pk=portal_group.pk).exists()


def test_deactivated_members_stay_and_deleted_ones_leave(idp: IdP, people: list[Document]) -> None:
    """R8."""
    ann, ben, _ = people
    group = idp.group(members=people)
    idp.patch(f"/Users/{ann['id']}", {"op": "replace", "path": "active", "value": False})
    assert ann["id"] in members(group)
    idp.delete(f"/Users/{ben['id']}")
    assert ben["id"] not in members(group)


# --- PATCH of the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "displayName", "value": "New"},
        {"op": "Replace", "path": "DISPLAYNAME", "value": "New"},
        {"op": "add", "path": f"{CORE_GROUP}:displayName", "value": "New"},
        {"op": "replace", "value": {"displayName": "New"}},
        {"op": "replace", "value": {f"{CORE_GROUP}:displayName": "New"}},
        {"op": "replace", "value": {CORE_GROUP: {"displayName": "New"}}},
    ],
    ids=str,
)
def test_a_group_is_renamed_in_every_dialect(idp: IdP, people: list[Document], operation: Document) -> None:
    """R16: members and mapping stay."""
    group = idp.group("Old", people)
    portal_group = mapped(group, "Staff")
    assert changed(idp, group, operation) == ids(*people)
    assert fresh(idp, group)["displayName"] == "New"
    assert people_of(portal_group) == ids(*people)


def test_name_external_id_and_members_in_one_patch(idp: IdP, people: list[Document]) -> None:
    group = idp.group("Old")
    value = {"displayName": "New", "externalId": "g9", "members": [member(people[0])]}
    assert changed(idp, group, {"op": "replace", "value": value}) == ids(people[0])
    after = fresh(idp, group)
    assert (after["displayName"], after["externalId"], after["meta"]["version"]) == ("New", "g9", 'W/"2"')
    changed(idp, group, {"op": "remove", "path": "externalId"})
    assert "externalId" not in fresh(idp, group)


UNREADABLE: list[Any] = [{}, [{}], 12, False, {"foo": "bar"}, [{"id": "x"}], [None], [["x"]], '[{"id": "x"}]', "[", 0]

REFUSED: list[tuple[Document, str]] = [
    ({"op": "remove", "path": "displayName"}, "mutability"),
    ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
    ({"op": "replace", "path": "displayName", "value": 5}, "invalidValue"),
    ({"op": "replace", "path": "displayName", "value": "x" * 256}, "invalidValue"),
    ({"op": "replace", "path": "externalId", "value": "x" * 256}, "invalidValue"),
    ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
    ({"op": "replace", "path": "meta.version", "value": "x"}, "mutability"),
    ({"op": "add", "path": f"{PORTAL_GROUP}:portalGroups", "value": [{"value": "1"}]}, "mutability"),
    ({"op": "replace", "path": "members.value", "value": "x"}, "mutability"),
    ({"op": "replace", "path": 'members[value eq "x"].display', "value": "x"}, "noTarget"),
    ({"op": "add", "path": "members["}, "invalidPath"),
    ({"op": "add", "path": "members[", "value": "x"}, "invalidPath"),
    ({"op": "add", "path": "urn:example:2.0:Group:members", "value": "x"}, "invalidPath"),
    *(({"op": "remove", "path": "members", "value": value}, "invalidValue") for value in UNREADABLE),
    ({"op": "remove", "path": 'members[unknown eq "x"]'}, "invalidFilter"),
    ({"op": "remove", "path": 'displayName[value eq "x"]'}, "invalidFilter"),
    ({"op": "remove"}, "noTarget"),
    ({"op": "replace", "value": "x"}, "invalidValue"),
    ({"op": "swap", "path": "members", "value": []}, "invalidSyntax"),
]


@pytest.mark.parametrize(("operation", "scim_type"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_bad_operation_is_refused_with_all_the_others(
    idp: IdP, people: list[Document], operation: Document, scim_type: str
) -> None:
    group = idp.group(members=people[:1])
    good = {"op": "add", "path": "members", "value": [member(people[1])]}
    with unchanged_database():
        first = idp.patch(f"/Groups/{group['id']}", operation, good)
        last = idp.patch(f"/Groups/{group['id']}", good, operation)
    assert problem(first) == problem(last) == (400, scim_type)


def test_a_member_of_the_same_request_can_not_be_changed_either(idp: IdP, people: list[Document]) -> None:
    group = idp.group(members=people[:1])
    path = f'members[value eq "{people[1]["id"]}"].display'
    change = {"op": "replace", "path": path, "value": "x"}
    for op in ("add", "replace"):
        operation = {"op": op, "path": "members", "value": [member(people[1])]}
        assert problem(idp.patch(f"/Groups/{group['id']}", operation, change)) == (400, "mutability")
    assert problem(idp.patch(f"/Groups/{group['id']}", change)) == (400, "noTarget")


def test_attributes_of_unknown_extensions_are_ignored(idp: IdP) -> None:
    group = idp.group("Old")
    vendor = {"op": "replace", "path": "urn:example:params:scim:schemas:extension:2.0:Group:description", "value": "x"}
    changed(idp, group, vendor, {"op": "replace", "path": "displayName", "value": "New"})
    assert fresh(idp, group)["displayName"] == "New"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("attributes=displayName", {"schemas", "id", "displayName"}),
        ("attributes=members", {"schemas", "id", "members"}),
        ("excludedAttributes=members", {"schemas", "id", "displayName", "meta"}),
    ],
)
def test_a_patch_that_asks_for_attributes_is_answered_with_them(
    idp: IdP, people: list[Document], query: str, names: set[str]
) -> None:
    group = idp.group()
    operation = {"op": "add", "path": "members", "value": [member(people[0])]}
    answer = idp.patch(f"/Groups/{group['id']}?{query}", operation)
    assert (answer.status_code, answer["ETag"]) == (200, 'W/"2"')
    assert set(answer.json()) == names


def test_the_version_follows_changes_and_only_changes(idp: IdP, people: list[Document]) -> None:
    group = idp.group(members=people[:1])
    path = f"/Groups/{group['id']}"
    same = idp.patch(path, {"op": "add", "path": "members", "value": [member(people[0])]})
    assert same["ETag"] == group["meta"]["version"] == 'W/"1"'
    assert idp.patch(path, {"op": "add", "path": "members", "value": [member(people[1])]})["ETag"] == 'W/"2"'
    assert idp.patch(path, {"op": "remove", "path": "members"})["ETag"] == 'W/"3"'
    assert idp.patch(path, {"op": "remove", "path": "members"})["ETag"] == 'W/"3"'


def test_more_members_than_a_request_may_name_are_too_many(idp: IdP) -> None:
    group = idp.group()
    body = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": ["x"] * 50_001}]}
    assert problem(idp.send("PATCH", f"/Groups/{group['id']}", body)) == (400, "tooMany")


# --- DELETE -----------------------------------------------------------------------------------------------


def test_a_deleted_group_is_gone_and_its_id_with_it(idp: IdP, people: list[Document]) -> None:
    group = idp.group("Guides", people)
    answer = idp.delete(f"/Groups/{group['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (SSOGroup.objects.count(), SSOMembership.objects.count(), SSOUser.objects.count()) == (0, 0, 3)
    for request in (idp.get, idp.delete):
        assert problem(request(f"/Groups/{group['id']}")) == (404, None)
    assert idp.group("Guides")["id"] != group["id"]
