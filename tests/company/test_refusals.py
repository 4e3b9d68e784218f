"""The policy table (docs/design/rules.md), cell by cell and role by role, on each door: what the policy allows happens
there, and what it refuses does not, and is told with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse

from identity import policy
from identity.core.actors import Operator, Person
from identity.core.decisions import Action, Decision, Mode
from identity.models import Group, Role, Status, User
from identity.policy import MODES
from tests.clients import caller
from tests.company.cases import Attempt, Cases, through_the_pages
from tests.factories import make_group, make_idp, make_user, map_group, provision, push_group, set_mode

pytestmark = pytest.mark.django_db

REFUSED = 5


@dataclass
class Case:
    """Something that is tried: about whom, and how each door is asked to do it."""

    action: Action
    target: dict[str, Any]
    is_done: Callable[[], bool]
    page: tuple[str, tuple[int, ...], dict[str, Any]]
    request: tuple[str, str, dict[str, Any] | None]
    command: tuple[str, ...]


CASES: Cases[Callable[[], Case]] = Cases()


@CASES.add
def inviting_somebody() -> Case:
    said = {"username": "ivy", "email": "ivy@example.test"}
    return Case(
        Action.INVITE, {}, lambda: User.objects.filter(username="ivy").exists(),
        ("user_invite", (), said), ("POST", "invitations/", said), ("invite_user", "ivy", "--email", said["email"]),
    )  # fmt: skip


@CASES.add
def editing_a_local_profile() -> Case:
    return editing(make_user("mia"))


@CASES.add
def editing_a_managed_profile() -> Case:
    return editing(provision(make_idp()).user)


def editing(user: User) -> Case:
    form = {"first_name": "Renamed", "last_name": "", "email": user.email}
    return Case(
        Action.EDIT_PROFILE, {"user": user}, lambda: User.objects.filter(first_name="Renamed").exists(),
        ("user_edit_profile", (user.pk,), form), ("PATCH", f"users/{user.pk}/", {"first_name": "Renamed"}),
        ("edit_user", user.username, "--first-name", "Renamed"),
    )  # fmt: skip


@CASES.add
def adding_to_an_unmapped_group() -> Case:
    return adding(make_group("Readers"))


@CASES.add
def adding_to_a_mapped_group() -> Case:
    group = make_group("Builders")
    map_group(push_group(make_idp()), group)
    return adding(group)


def adding(group: Group) -> Case:
    mia = make_user("mia")
    return Case(
        Action.CHANGE_MEMBERS, {"group": group}, lambda: group.members.filter(pk=mia.pk).exists(),
        ("group_add_members", (group.pk,), {"users": [mia.pk]}),
        ("POST", f"groups/{group.pk}/members/", {"users": [mia.pk]}), ("add_members", group.name, "mia"),
    )  # fmt: skip


@CASES.add
def disabling_a_local_user() -> Case:
    return disabling(make_user("mia"))


@CASES.add
def disabling_a_managed_user() -> Case:
    return disabling(provision(make_idp()).user)


def disabling(user: User) -> Case:
    return Case(
        Action.SET_STATUS, {"user": user},
        lambda: User.objects.filter(pk=user.pk, status=Status.DISABLED).exists(),
        ("user_disable", (user.pk,), {}), ("POST", f"users/{user.pk}/disable/", None),
        ("disable_user", user.username),
    )  # fmt: skip


@CASES.add
def enabling_a_managed_user() -> Case:
    user = provision(make_idp(), active=False).user
    return Case(
        Action.SET_STATUS, {"user": user},
        lambda: User.objects.filter(pk=user.pk, status=Status.ENABLED).exists(),
        ("user_enable", (user.pk,), {}), ("POST", f"users/{user.pk}/enable/", None), ("enable_user", user.username),
    )  # fmt: skip


# What is a matter of the role alone, whatever the mode.


@CASES.add
def creating_a_group() -> Case:
    said = {"name": "Readers"}
    return Case(
        Action.MANAGE_GROUPS, {}, lambda: Group.objects.filter(name="Readers").exists(),
        ("group_add", (), said), ("POST", "groups/", said), ("create_group", "Readers"),
    )  # fmt: skip


@CASES.add
def changing_a_role() -> Case:
    mia, said = make_user("mia"), {"role": "support"}
    return Case(
        Action.CHANGE_ROLE, {"user": mia}, lambda: User.objects.filter(pk=mia.pk, role=Role.SUPPORT).exists(),
        ("user_change_role", (mia.pk,), said), ("PUT", f"users/{mia.pk}/role/", said), ("set_role", "mia", "support"),
    )  # fmt: skip


# --- the doors ------------------------------------------------------------------------------------------


def through_the_api(tried: Case, who: User) -> Attempt:
    answer: HttpResponse = caller(who).send(*tried.request)
    said = json.loads(answer.content)
    return Attempt(said["code"], said["detail"]) if answer.status_code == 403 else Attempt()


def through_a_command(tried: Case) -> Attempt:
    told = StringIO()
    try:
        call_command(*tried.command, "--json", stdout=StringIO(), stderr=told)
    except SystemExit as ended:
        error = json.loads(told.getvalue())["error"]
        return Attempt(error["code"], error["sentence"]) if ended.code == REFUSED else Attempt()
    return Attempt()


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.code)
@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("door", [through_the_pages, through_the_api])
def test_each_door_allows_and_refuses_what_the_policy_does(
    door: Callable[[Case, User], Attempt], name: str, role: str, mode: Mode
) -> None:
    tried, who = CASES[name](), make_user("actor", role=Role(role))
    set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
    decision = policy.decide(tried.action, actor=Person(who), **tried.target)
    attempt = door(tried, who)
    assert tried.is_done() is bool(decision)
    if role != Role.MEMBER or door is through_the_api:  # members are led away from the administrators' pages
        assert_told(attempt, decision)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.code)
@pytest.mark.parametrize("name", CASES)
def test_the_command_line_allows_and_refuses_what_the_policy_does(name: str, mode: Mode) -> None:
    """A command has an operator's rank, which is every role's, and the modes are for everybody."""
    tried = CASES[name]()
    set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
    decision = policy.decide(tried.action, actor=Operator("test"), **tried.target)
    attempt = through_a_command(tried)
    assert tried.is_done() is bool(decision)
    assert_told(attempt, decision)


def assert_told(attempt: Attempt, decision: Decision) -> None:
    """A refusal comes with the policy's own reason; a door that shows no codes shows the sentence."""
    if decision:
        assert (attempt.code, attempt.sentence) == (None, None)
        return
    assert attempt.sentence is not None
    assert attempt.code in {None, decision.code}
    if decision.code == "role_required":  # who may not even look is told that
        assert "needs the role" in attempt.sentence
    else:
        assert decision.reason in attempt.sentence
