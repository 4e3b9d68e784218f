"""Access settings, the policy and the two logs over the REST API."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import ROWS, Mode
from identity.models import AccessSettings, User
from identity.queries import drift
from identity.services import groups, users
from identity.services.provisioning import people as provisioning
from portal.api import logs
from tests.clients import administrators_caller, caller, ok, owners_caller, problem
from tests.factories import (
    OPERATOR,
    deprovision,
    idp_actor,
    make_administrator,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_user,
    map_group,
    person,
    provision,
    push_group,
    set_mode,
    sign_in_by_sso,
)
from tests.statements import MANY, Most, same_for_many_rows
from tests.threads import Unfinished

pytestmark = pytest.mark.django_db


# --- access settings ---


def test_the_flags_are_shown_and_switched_by_owners() -> None:
    script = owners_caller()
    shown = script.read("access-settings/")
    assert (shown["scim_enabled"], shown["sso_enforced"], shown["mode"]) == (True, False, "scim_on_sso_optional")
    assert ok(script.patch("access-settings/", {"scim_enabled": False}))["mode"] == "scim_off_sso_optional"
    assert AccessSettings.objects.mode() == Mode(scim_enabled=False, sso_enforced=False)
    answer = administrators_caller().patch("access-settings/", {"scim_enabled": True})
    assert problem(answer) == (403, "role_required")


def test_r22_enforcing_asks_for_its_proofs() -> None:
    olga = make_owner()
    script = caller(olga)
    assert problem(script.patch("access-settings/", {"sso_enforced": True})) == (403, "no_break_glass_account")
    make_break_glass()
    assert problem(script.patch("access-settings/", {"sso_enforced": True})) == (403, "sso_login_not_proven")
    assert "yourself" in script.read("access-settings/what-if/?sso_enforced=true")["missing"]
    sign_in_by_sso(olga, make_idp())
    assert script.read("access-settings/what-if/?sso_enforced=true")["missing"] is None
    assert ok(script.patch("access-settings/", {"sso_enforced": True}))["mode"] == "scim_on_sso_enforced"


def test_the_what_if_says_what_changes_and_changes_nothing() -> None:
    make_user(password="correct horse battery staple")
    script = owners_caller()
    what_if = script.read("access-settings/what-if/?sso_enforced=true")
    assert (what_if["before"], what_if["after"]) == ("scim_on_sso_optional", "scim_on_sso_enforced")
    assert what_if["changes"] == [
        {"action": "invite", "before": "yes", "after": "no"},
        {"action": "edit_profile", "before": "yes", "after": "no"},
    ]
    effects = {effect["code"]: (effect["tone"], effect["count"]) for effect in what_if["effects"]}
    assert effects == {"locked_out": ("loss", 1), "edit_profile": ("loss", 2)}
    assert what_if["groups"] == []
    assert AccessSettings.objects.mode() == Mode(scim_enabled=True, sso_enforced=False)
    path = "access-settings/what-if/users/?sso_enforced=true&effect="
    assert [row["username"] for row in script.read(f"{path}locked_out")["results"]] == ["mia"]
    first = script.read(f"{path}edit_profile&limit=1")
    assert [row["username"] for row in first["results"]] == ["mia"]
    assert "cursor=" in first["next"]
    assert problem(script.get(f"{path}nonsense")) == (400, "invalid_value")
    assert problem(script.get("access-settings/what-if/users/")) == (400, "invalid_value")
    administrator, sue = administrators_caller(), caller(make_support())
    assert administrator.read("access-settings/what-if/?sso_enforced=true")["changes"] == what_if["changes"]
    assert [row["username"] for row in administrator.read(f"{path}locked_out")["results"]] == ["mia"]
    for refused in ("access-settings/what-if/?sso_enforced=true", f"{path}locked_out"):
        assert problem(sue.get(refused)) == (403, "role_required")


def test_r21_switching_scim_on_lists_what_differs_and_follows_if_told_to() -> None:
    idp = make_idp()
    ada = provision(idp, "ada")
    group = make_group()
    map_group(push_group(idp, "Engineering", ada), group)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    script = owners_caller()
    groups.remove_members(group, [ada.user], actor=OPERATOR)
    assert script.read("access-settings/what-if/?sso_enforced=true")["groups"] == []
    what_if = script.read("access-settings/what-if/?scim_enabled=true")
    ada_ref = {"id": ada.user_id, "username": "ada", "display_name": "ada"}
    effects = {effect["code"]: effect["users"] for effect in what_if["effects"]}
    assert effects["follow_enable"] == [ada_ref]
    nobody = {"count": 0, "users": []}
    assert what_if["groups"] == [
        {"group": {"id": group.pk, "name": "Builders"}, "joins": {"count": 1, "users": [ada_ref]}, "leaves": nobody}
    ]
    assert what_if["next_groups"] is None
    ok(script.patch("access-settings/", {"scim_enabled": True, "follow_idp": True}))
    assert User.objects.get(pk=ada.user_id).is_active


def test_the_groups_that_differ_come_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "PART", 2)
    idp, builders = make_idp(), make_group()
    people = [provision(idp, f"user{number}") for number in range(3)]
    map_group(push_group(idp, "Engineering", *people), builders)
    set_mode(scim=False)
    groups.remove_members(builders, [people[2].user], actor=OPERATOR)
    script = owners_caller()
    answer = script.read("access-settings/what-if/?scim_enabled=true")
    parts = [answer["groups"]]
    while after := answer["next_groups"]:
        answer = script.read(f"access-settings/what-if/groups/?after={after}")
        parts.append(answer["groups"])
    assert [[found["joins"]["count"] for found in part] for part in parts] == [[], [], [1]]
    assert problem(script.get("access-settings/what-if/groups/?after=nonsense")) == (400, "invalid_value")
    assert problem(caller(make_support()).get("access-settings/what-if/groups/?after=x")) == (403, "role_required")


def test_if_match_guards_the_settings() -> None:
    script = owners_caller()
    etag = script.get("access-settings/")["ETag"]
    set_mode(scim=False)
    assert problem(script.patch("access-settings/", {"sso_enforced": False}, If_Match=etag)) == (
        412,
        "version_mismatch",
    )


# --- the policy ---


def test_the_whole_policy_is_shown_with_the_mode_now() -> None:
    shown = administrators_caller().read("policy/")
    assert shown["mode"] == "scim_on_sso_optional"
    assert [mode["code"] for mode in shown["modes"]] == [mode.code for mode in policy.MODES]
    assert [mode["code"] for mode in shown["modes"] if mode["is_now"]] == ["scim_on_sso_optional"]
    rows = {row["action"]: row for row in shown["table"]}
    assert set(rows) == set(ROWS)
    for action, cells in policy.MATRIX.items():
        assert list(rows[action]["cells"].values()) == list(cells)
        assert rows[action]["depends_on_mode"] is True
    assert rows["set_status"]["you"]["code"] == "set_status.scim_on_sso_optional"
    assert rows["change_role"]["you"]["code"] == "role_required"
    assert rows["change_role"]["roles"] == ["owner"]
    assert shown["target"] is None


def test_the_policy_answers_about_a_user_and_a_group() -> None:
    idp = make_idp()
    ada, group = provision(idp), make_group()
    map_group(push_group(idp, "Engineering", ada), group)
    script = administrators_caller()
    target = script.read(f"policy/?user={ada.user_id}&group={group.pk}")["target"]
    assert target["user"]["username"] == "ada"
    assert target["group"]["name"] == "Builders"
    assert target["actions"]["edit_profile"]["allowed"] is True
    assert target["actions"]["set_status"]["code"] == "set_status.scim_on_sso_optional"
    assert target["actions"]["change_members"]["code"] == "change_members.scim_on_sso_optional"
    local = make_user()
    assert script.read(f"policy/?user={local.pk}")["target"]["actions"]["set_status"]["code"] == "unmanaged_user"
    assert problem(script.get("policy/?user=999")) == (400, "invalid_value")


def test_a_member_reads_the_policy_and_learns_nothing_about_others() -> None:
    script = caller(make_user())
    allowed = {row["action"] for row in script.read("policy/")["table"] if row["you"]["code"] != "role_required"}
    assert allowed == {"change_second_step", "create_api_token", "use_password"}  # one's own
    assert problem(script.get("policy/?user=1")) == (403, "role_required")


# --- logs ---


def test_the_provisioning_log_is_read_and_filtered() -> None:
    idp, other = make_idp(), make_idp("Entra")
    ada = provision(idp, "ada")
    provision(other, "bob")
    deprovision(ada)
    script = administrators_caller()
    rows = script.read("provisioning-log/")["results"]
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert rows[0]["user"]["username"] == "ada"
    assert len(script.read(f"provisioning-log/?identity_provider={other.pk}")["results"]) == 1
    assert len(script.read("provisioning-log/?subject=ADA")["results"]) == 2
    assert script.read("provisioning-log/?outcome=refused")["results"] == []
    assert script.read(f"provisioning-log/{rows[0]['id']}/") == {**rows[0], "request": None}


def test_the_audit_log_is_read_and_filtered() -> None:
    adam, mia = make_administrator(), make_user()
    users.disable_user(mia, actor=Person(adam))
    token = replace(idp_actor(make_idp()), token_id=adam.pk)
    provisioning.provision_user(person("ada"), actor=token)
    script = caller(adam)
    rows = script.read("audit-log/?action=user.disabled")["results"]
    assert [(row["actor_kind"], row["actor_id"], row["user_id"]) for row in rows] == [("user", adam.pk, mia.pk)]
    assert rows[0]["details"] == {"status": {"from": "enabled", "to": "disabled"}}
    for query, expected in {
        f"user_id={mia.pk}": 1,
        f"actor={adam.pk}": 2,
        f"actor={mia.pk}": 0,
        "actor_kind=operator": 1,
        "group_id=999": 0,
    }.items():
        assert len(script.read(f"audit-log/?{query}")["results"]) == expected, query
    assert script.read(f"audit-log/{rows[0]['id']}/") == rows[0]


def test_the_audit_log_is_read_on_from_an_event() -> None:
    adam = make_administrator()
    made = [groups.create_group(name=f"Group {number}", actor=Person(adam)).pk for number in range(4)]
    script, got, after = caller(adam), list[int](), 0
    while rows := script.read(f"audit-log/?action=group.created&after={after}&ordering=id&limit=3")["results"]:
        got, after = [*got, *(row["group_id"] for row in rows)], rows[-1]["id"]
    assert got == made


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_event_shows_once_no_earlier_one_can_come(monkeypatch: pytest.MonkeyPatch) -> None:
    script, actor = administrators_caller(), OPERATOR
    monkeypatch.setattr(logs, "PATIENCE_SECONDS", 0.05)
    groups.create_group(name="Builders", actor=actor)
    last = script.read("audit-log/?limit=1")["results"][0]["id"]
    with Unfinished(lambda: groups.create_group(name="Slow", actor=actor)):
        groups.create_group(name="Quick", actor=actor)
        assert script.read(f"audit-log/?after={last}&ordering=id")["results"] == []
    rows = script.read(f"audit-log/?after={last}&ordering=id")["results"]
    assert [row["details"]["name"] for row in rows] == ["Slow", "Quick"]


def test_personal_values_stand_apart() -> None:
    ada = provision(make_idp(), "ada")
    rows = administrators_caller().read(f"audit-log/?user_id={ada.user_id}&fields=action,personal")["results"]
    assert rows[-1]["action"] == "user.provisioned"
    assert json.dumps(rows[-1]["personal"]).count("ada") >= 1


@pytest.mark.parametrize("path", ["audit-log/", "provisioning-log/"])
def test_logs_are_cut_by_time(path: str) -> None:
    provision(make_idp(), "ada")
    script = administrators_caller()
    total = len(script.read(path)["results"])
    past, future = (timezone.now() + timedelta(days=days) for days in (-1, 1))
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    assert len(script.read(f"{path}?since={past:{stamp}}")["results"]) == total > 0
    assert script.read(f"{path}?since={future:{stamp}}")["results"] == []
    assert script.read(f"{path}?before={past:{stamp}}")["results"] == []
    assert problem(script.get(f"{path}?since=yesterday")) == (400, "invalid_value")
    assert len(script.read(f"{path}?since=0001-01-01T00:00:00%2B14:00")["results"]) == total
    assert script.read(f"{path}?since=9999-12-31T23:59:59-14:00")["results"] == []


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 30])
def test_an_id_that_cannot_be_is_400(value: str) -> None:
    assert problem(administrators_caller().get(f"audit-log/?user_id={value}")) == (400, "invalid_value")


@pytest.mark.parametrize("path", ["audit-log/", "provisioning-log/", "audit-log/?since=2001-01-01T00:00:00Z"])
def test_a_list_costs_the_same_however_long(path: str) -> None:
    idp, script = make_idp(), administrators_caller()
    same_for_many_rows(lambda: script.read(path), lambda number: provision(idp, f"user{number}"), Most.REST)
    assert len(script.read(path)["results"]) >= MANY
