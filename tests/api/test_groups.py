"""Groups and their members over the REST API."""

import json

import pytest

from identity.models import AuditEvent, Group
from tests.clients import administrators_caller, ok, problem
from tests.factories import (
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
)
from tests.statements import Most, same_for_many_rows

pytestmark = pytest.mark.django_db


def test_a_group_lives_over_the_api() -> None:
    script = administrators_caller()
    made = script.do("POST", "groups/", {"name": "Builders"})
    assert made["name"] == "Builders"
    assert made["member_count"] == 0
    assert made["actions"]["change_members"]["allowed"] is True
    path = f"groups/{made['id']}/"
    assert ok(script.patch(path, {"description": "They build."}))["name"] == "Builders"
    assert ok(script.patch(path, {"name": "Makers"}))["description"] == "They build."
    assert script.delete(path).status_code == 204
    assert problem(script.get(path)) == (404, "not_found")
    events = AuditEvent.objects.filter(action__startswith="group.").order_by("pk")
    told = ["group.created", "group.edited", "group.edited", "group.deleted"]
    assert list(events.values_list("action", flat=True)) == told


def test_a_taken_name_is_409_and_an_impossible_one_400() -> None:
    make_group("Builders")
    script = administrators_caller()
    assert problem(script.post("groups/", {"name": "BUILDERS"})) == (409, "taken")
    assert problem(script.post("groups/", {"name": " "})) == (400, "invalid_value")
    assert problem(script.post("groups/", {"name": "a\u202eb"})) == (400, "invalid_value")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Builders", "Readers"]),
        ("q=read", ["Readers"]),
        ("name=READERS", ["Readers"]),
        ("is_mapped=true", ["Builders"]),
        ("is_mapped=false", ["Readers"]),
    ],
)
def test_groups_are_listed_and_filtered(query: str, expected: list[str]) -> None:
    make_group("Readers")
    map_group(push_group(make_idp()), make_group("Builders"))
    assert [row["name"] for row in administrators_caller().read(f"groups/?{query}")["results"]] == expected


def test_a_list_costs_the_same_however_long() -> None:
    idp, script = make_idp(), administrators_caller()
    same_for_many_rows(
        lambda: script.read("groups/"),
        lambda number: map_group(push_group(idp, f"SSO {number}"), make_group(f"Group {number}")),
        Most.REST,
    )


def test_members_join_and_leave() -> None:
    mia, zoe, group = make_user(), make_user("zoe"), make_group()
    script = administrators_caller()
    path = f"groups/{group.pk}/members/"
    assert script.do("POST", path, {"users": [mia.pk, zoe.pk, mia.pk]}) == {"added": 2}
    assert script.do("POST", path, {"users": [mia.pk]}) == {"added": 0}
    shown = script.read(path)["results"]
    assert [row["user"]["username"] for row in shown] == ["mia", "zoe"]
    assert shown[0]["added_by"]["username"] == "adam"
    assert script.read(f"{path}?q=zo")["results"] == shown[1:]
    assert script.do("POST", f"{path}remove/", {"users": [mia.pk]}) == {"removed": 1}
    assert script.delete(f"{path}{zoe.pk}/").status_code == 204
    assert problem(script.delete(f"{path}{zoe.pk}/")) == (404, "not_found")
    assert members_of(group) == set()


def test_all_or_none_are_added() -> None:
    mia, group = make_user(), make_group()
    answer = administrators_caller().post(f"groups/{group.pk}/members/", {"users": [mia.pk, 999]})
    assert problem(answer) == (400, "invalid_value")
    assert json.loads(answer.content)["errors"] == [
        {"pointer": "/users", "detail": "users names 999, which is no user."}
    ]
    assert members_of(group) == set()


@pytest.mark.parametrize("users", [[], ["x"], [0], [10**30], [1] * 1001, "1", None])
def test_what_is_no_list_of_ids_is_refused(users: object) -> None:
    group = make_group()
    answer = administrators_caller().post(f"groups/{group.pk}/members/", {"users": users})
    assert problem(answer) == (400, "invalid_value")


def test_sr18_the_members_of_a_mapped_group_are_the_idps() -> None:
    idp = make_idp()
    ada, group, mia = provision(idp), make_group(), make_user()
    map_group(push_group(idp, "Engineering", ada), group)
    script = administrators_caller()
    code = "change_members.scim_on_sso_optional"
    assert problem(script.post(f"groups/{group.pk}/members/", {"users": [mia.pk]})) == (403, code)
    assert problem(script.delete(f"groups/{group.pk}/members/{ada.user_id}/")) == (403, code)
    assert script.read(f"groups/{group.pk}/")["actions"]["change_members"]["code"] == code
    set_mode(scim=False)
    assert script.do("POST", f"groups/{group.pk}/members/", {"users": [mia.pk]}) == {"added": 1}


@pytest.mark.parametrize("group_id", ["999", "9" * 30])
def test_the_members_of_no_group_are_404(group_id: str) -> None:
    script = administrators_caller()
    assert problem(script.get(f"groups/{group_id}/members/")) == (404, "not_found")
    assert problem(script.post(f"groups/{group_id}/members/", {"users": [1]}))[0] in {400, 404}


def test_if_match_guards_a_group_against_a_change_of_members() -> None:
    mia, group = make_user(), make_group()
    script = administrators_caller()
    etag = script.get(f"groups/{group.pk}/")["ETag"]
    script.do("POST", f"groups/{group.pk}/members/", {"users": [mia.pk]})
    assert problem(script.delete(f"groups/{group.pk}/", If_Match=etag)) == (412, "version_mismatch")
    assert Group.objects.exists()
