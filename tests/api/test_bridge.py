"""The identity provider's side and the bridge, over the REST API: SSO users and groups, mappings, conflicts."""

import json

import pytest

from identity.models import Conflict, GroupMapping, SSOGroup
from identity.services import groups
from tests.clients import administrators_caller, ok, owners_caller, problem
from tests.factories import (
    OPERATOR,
    conflict_over,
    make_administrator,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
)
from tests.statements import MANY, Most, same_for_many_rows

pytestmark = pytest.mark.django_db


# --- what was sent ---


def test_an_sso_user_is_shown_as_it_was_sent() -> None:
    idp = make_idp()
    ada = provision(idp, "ada", external_id="x-1")
    provision(idp, "bob")
    script = administrators_caller()
    shown = script.read(f"sso-users/{ada.pk}/")
    assert shown["user"]["username"] == "ada"
    assert shown["attributes"] == ada.attributes
    assert [row["user_name"] for row in script.read("sso-users/")["results"]] == ["ada", "bob"]
    for query in ("user_name=ADA", "external_id=x-1", f"scim_id={ada.scim_id}"):
        assert [row["id"] for row in script.read(f"sso-users/?{query}")["results"]] == [ada.pk]
    assert "attributes" not in script.read("sso-users/")["results"][0]
    assert problem(script.patch(f"sso-users/{ada.pk}/", {"active": False})) == (405, "method_not_allowed")


def test_an_sso_group_is_shown_with_members_and_mappings() -> None:
    idp = make_idp()
    ada, group = provision(idp), make_group()
    sso_group = push_group(idp, "Engineering", ada)
    mapping = map_group(sso_group, group)
    script = administrators_caller()
    shown = script.read(f"sso-groups/{sso_group.pk}/")
    assert shown["member_count"] == 1
    assert shown["mappings"] == [{"id": mapping.pk, "group": {"id": group.pk, "name": "Builders"}}]
    members = script.read(f"sso-groups/{sso_group.pk}/members/")["results"]
    assert [row["sso_user"]["user_name"] for row in members] == ["ada"]
    assert problem(script.get("sso-groups/999/members/")) == (404, "not_found")


@pytest.mark.parametrize("path", ["sso-users/", "sso-groups/", "mappings/", "conflicts/"])
def test_a_list_costs_the_same_however_long(path: str) -> None:
    idp, script = make_idp(), administrators_caller()

    def row(number: int) -> None:
        ada = provision(idp, f"user{number}")
        map_group(push_group(idp, f"SSO {number}", ada), make_group(f"Group {number}"))
        make_user(f"mia{number}", email=f"mia{number}@private.example")
        conflict_over(idp, f"mia{number}")

    same_for_many_rows(lambda: script.read(path), row, Most.REST)
    assert len(script.read(path)["results"]) == MANY


def test_r19_a_group_is_declared_and_withdrawn_until_it_is_pushed() -> None:
    idp = make_idp()
    script = administrators_caller()
    said = {"identity_provider": idp.pk, "display_name": "Sales"}
    declared = script.do("POST", "sso-groups/", said)
    assert (declared["pushed_at"], declared["display_name"]) == (None, "Sales")
    assert [row["id"] for row in script.read("sso-groups/?is_pushed=false")["results"]] == [declared["id"]]
    assert problem(script.post("sso-groups/", said)) == (409, "taken")
    assert problem(script.post("sso-groups/", {**said, "identity_provider": 999})) == (400, "invalid_value")
    assert script.delete(f"sso-groups/{declared['id']}/").status_code == 204
    pushed = push_group(idp, "Sales")
    assert problem(script.delete(f"sso-groups/{pushed.pk}/")) == (403, "pushed")


def test_a_declaration_is_taken_under_the_old_name_of_display_name_too() -> None:
    script, idp = administrators_caller(), make_idp()
    old = script.do("POST", "sso-groups/", {"identity_provider": idp.pk, "name": "Sales"})
    assert old["display_name"] == "Sales"
    both = script.post("sso-groups/", {"identity_provider": idp.pk, "name": "Crew", "display_name": "Crew"})
    assert problem(both) == (400, "invalid_value")
    none = script.post("sso-groups/", {"identity_provider": idp.pk})
    assert problem(none) == (400, "invalid_value")
    assert none.json()["errors"] == [{"pointer": "/display_name", "detail": "is required."}]


# --- mappings ---


def test_r15_a_mapping_is_previewed_then_applied() -> None:
    idp = make_idp()
    ada, old = provision(idp), make_user("old")
    sso_group, group = push_group(idp, "Engineering", ada), make_group("Builders", old)
    script = administrators_caller()
    pair = {"sso_group": sso_group.pk, "group": group.pk}
    preview = script.read(f"mappings/preview/?sso_group={sso_group.pk}&group={group.pk}")
    assert preview["joins"]["count"] == preview["leaves"]["count"] == 1
    assert preview["joins"]["users"][0]["username"] == "ada"
    assert preview["leaves"]["users"][0]["username"] == "old"
    assert members_of(group) == {"old"}
    made = script.do("POST", "mappings/", {**pair, "fingerprint": preview["fingerprint"]})
    assert made["sso_group"]["display_name"] == "Engineering"
    assert made["created_by"]["username"] == "adam"
    assert members_of(group) == {"ada"}
    assert problem(script.post("mappings/", {**pair, "fingerprint": preview["fingerprint"]})) == (409, "taken")


def test_r15_what_has_changed_since_the_preview_is_not_applied() -> None:
    idp = make_idp()
    sso_group, group = push_group(idp, "Engineering", provision(idp)), make_group()
    script = administrators_caller()
    seen = script.read(f"mappings/preview/?sso_group={sso_group.pk}&group={group.pk}")["fingerprint"]
    groups.add_members(group, [make_user()], actor=OPERATOR)
    said = {"sso_group": sso_group.pk, "group": group.pk, "fingerprint": seen}
    assert problem(script.post("mappings/", said)) == (409, "outdated")
    assert not GroupMapping.objects.exists()


def test_r17_a_mapping_is_deleted_after_the_preview() -> None:
    idp = make_idp()
    group = make_group()
    mapping = map_group(push_group(idp, "Engineering", provision(idp)), group)
    script = administrators_caller()
    preview = script.read(f"mappings/{mapping.pk}/preview-removal/")
    assert (preview["leaves"]["count"], preview["stays"]) == (0, 1)
    assert problem(script.delete(f"mappings/{mapping.pk}/")) == (400, "invalid_value")
    assert problem(script.delete(f"mappings/{mapping.pk}/?fingerprint=x")) == (409, "outdated")
    assert script.delete(f"mappings/{mapping.pk}/?fingerprint={preview['fingerprint']}").status_code == 204
    assert members_of(group) == {"ada"}


@pytest.mark.parametrize("query", ["", "sso_group=1", "sso_group=x&group=1", "sso_group=999&group=999"])
def test_a_preview_of_nothing_is_400(query: str) -> None:
    assert problem(administrators_caller().get(f"mappings/preview/?{query}")) == (400, "invalid_value")


def test_mappings_are_filtered() -> None:
    idp = make_idp()
    mapping = map_group(push_group(idp, "A"), make_group("A"))
    map_group(push_group(idp, "B"), make_group("B"))
    script = administrators_caller()
    for query in (f"group={mapping.group_id}", f"sso_group={mapping.sso_group_id}"):
        assert [row["id"] for row in script.read(f"mappings/?{query}")["results"]] == [mapping.pk]


# --- conflicts ---


def make_conflict() -> Conflict:
    make_user("ada", email="other@example.test")
    conflict_over(make_idp(), "ada")
    return Conflict.objects.get()


def test_r7_a_conflict_is_read_and_linked() -> None:
    conflict = make_conflict()
    script = administrators_caller()
    shown = script.read(f"conflicts/{conflict.pk}/")
    assert (shown["reason"], shown["state"], shown["tries"]) == ("other_email", "open", 1)
    assert shown["sentence"].startswith("userName ada exists in the portal with another email.")
    assert shown["user"]["username"] == "ada"
    linked = ok(script.post(f"conflicts/{conflict.pk}/link/"))
    assert (linked["state"], linked["decided_by"]["username"]) == ("approved", "adam")
    assert provision(conflict.identity_provider, "ada").user == conflict.user
    assert script.read("conflicts/?state=resolved")["results"][0]["id"] == conflict.pk
    assert script.read("conflicts/?state=open")["results"] == []


def test_r7_what_the_idp_has_changed_since_it_was_read_is_not_approved() -> None:
    conflict = make_conflict()
    script = administrators_caller()
    etag = script.get(f"conflicts/{conflict.pk}/")["ETag"]
    conflict_over(conflict.identity_provider, "ada", "third@example.test")
    assert problem(script.post(f"conflicts/{conflict.pk}/link/", If_Match=etag)) == (412, "version_mismatch")
    assert Conflict.objects.get().state == "open"


def test_r7_a_conflict_is_dismissed() -> None:
    conflict = make_conflict()
    assert ok(administrators_caller().post(f"conflicts/{conflict.pk}/dismiss/"))["state"] == "dismissed"


def test_r7_a_newcomer_gets_a_username_of_their_own() -> None:
    conflict = make_conflict()
    script = administrators_caller()
    assert script.read(f"conflicts/{conflict.pk}/")["is_about_another_person"]
    address = f"conflicts/{conflict.pk}/own-username/"
    assert problem(script.post(address, {"username": "adam"})) == (409, "taken")
    assert problem(script.post(address, {"username": "a\u200bb"})) == (400, "invalid_value")
    approved = ok(script.post(address, {"username": "ada.b"}))
    assert (approved["state"], approved["own_username"]) == ("approved", "ada.b")
    assert problem(script.post(address, {"username": "ada.c"})) == (403, "already_decided")
    assert provision(conflict.identity_provider, "ada").user.username == "ada.b"


def test_r7_an_account_moves_to_another_idp() -> None:
    ada = provision(make_idp("Okta"), "ada")
    conflict_over(make_idp("Entra"), "ada")
    conflict = Conflict.objects.get()
    script = administrators_caller()
    assert problem(script.post(f"conflicts/{conflict.pk}/link/")) == (403, "needs_move")
    assert ok(script.post(f"conflicts/{conflict.pk}/move/"))["state"] == "approved"
    ada.user.refresh_from_db()
    assert ada.user.managed_by is None


def test_r6b_a_privileged_account_needs_an_owner() -> None:
    make_administrator("ada")
    conflict_over(make_idp(), "ada")
    conflict = Conflict.objects.get()
    answer = administrators_caller().post(f"conflicts/{conflict.pk}/link/")
    assert problem(answer) == (403, "owner_required")
    assert ok(owners_caller().post(f"conflicts/{conflict.pk}/link/"))["state"] == "approved"


def test_conflicts_are_ordered_by_when_they_were_last_seen() -> None:
    idp = make_idp()
    for name in ("ada", "bob", "cyd"):
        make_user(name, email=f"other-{name}@example.test")
        conflict_over(idp, name)
    conflict_over(idp, "ada")
    script = owners_caller()
    first = script.read("conflicts/?limit=2")
    assert [row["user_name"] for row in first["results"]] == ["ada", "cyd"]
    rest = json.loads(script.get(first["next"].partition("8000")[2]).content)
    assert [row["user_name"] for row in rest["results"]] == ["bob"]
    assert SSOGroup.objects.count() == 0
