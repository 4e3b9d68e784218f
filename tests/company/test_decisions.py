"""What `policy.decide` says of anything in any state is what a page, the REST API and a command then do (SR-16, SR-17).

An act that is refused is refused by each door with the same code or sentence, one that has nothing to change changes
nothing, and a page has a button for those alone that would do something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from identity import policy
from identity.core.actors import Operator, Person
from identity.core.decisions import PART_OF, Action, Decision, Mode
from identity.models import AuditEvent, BulkRun, Role, User
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.navigation import SECTIONS
from portal.api.urls import RESOURCES
from portal.api.views import Resources, Singleton
from tests.clients import Script
from tests.company.states import KINDS, WAYS, Kind, Row
from tests.factories import make_user, set_mode
from tests.identity.whose import undone
from tests.loops import each
from tests.portal.admin_pages import address, text_of
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

STATES = [(kind, state) for kind, row in KINDS.items() for state in row.states]
Door = Callable[[Client, Action, Row], tuple[bool, str]]


def may(kind: str, role: Role) -> bool:
    return any(role in policy.ROLES[action.row] for action in KINDS[kind].actions)


WHO_MAY = [(kind, state, role) for kind, state in STATES for role in Role if may(kind, role)]
WHO_MAY_NOT = [(kind, role) for kind in KINDS for role in Role if not may(kind, role)]


def done() -> tuple[int, int]:
    """It moves with whatever is done; refusals leave a trace of their own."""
    return AuditEvent.objects.exclude(action="access.refused").count(), BulkRun.objects.count()


def filled(row: Row, what: Any) -> Any:
    """With the row's own words in place of `{pk}`, `{name}` and the like."""
    match what:
        case str():
            email = getattr(row.about.get("user"), "email", "")
            return what.format(pk=row.pk, name=row.name, email=email, **row.more)
        case dict():
            return {name: filled(row, value) for name, value in what.items()}
        case list() | tuple():
            return [filled(row, value) for value in what]
    return what


def by_page(client: Client, action: Action, row: Row) -> tuple[bool, str]:
    """Whether it was taken, and the text of the page that says why not."""
    way = WAYS[action]
    answer = client.post(reverse(f"admin:{way.page}", args=(row.pk,)), filled(row, way.form))
    assert answer.status_code in {302, 403, 404}, text_of(answer)
    match answer.status_code:
        case 302:
            return True, ""
        case 404:
            return False, "not_found"
    return False, text_of(answer)


def by_rest(client: Client, action: Action, row: Row) -> tuple[bool, str]:
    """The same, with the code."""
    way = WAYS[action]
    method, path = way.request
    answer = Script(client=client).send(method, filled(row, path), filled(row, way.body))
    assert answer.status_code in {200, 204, 403, 404}, answer.content
    return answer.status_code < 300, "" if answer.status_code < 300 else json.loads(answer.content)["code"]


def by_command(client: Client, action: Action, row: Row) -> tuple[bool, str]:
    """The same; a shell needs no browser."""
    told = StringIO()
    try:
        call_command(*filled(row, WAYS[action].command), "--json", stdout=StringIO(), stderr=told)
    except SystemExit:
        return False, json.loads(told.getvalue())["error"]["code"]
    return True, ""


def buttons_of(client: Client, kind: Kind, row: Row) -> set[str]:
    """Those for the acts that are looked at here."""
    page, model = client.get(address(kind.page, row.pk)), kind.page.partition("_")[0]
    shown = {f"identity_{model}_{name}" for name in re.findall(r'data-action="(\w+)"', page.content.decode())}
    return shown & {WAYS[action].page for action in kind.actions}


def is_as_said(decision: Decision, was_taken: bool, said: str, moved: bool) -> bool:
    """Taken if allowed, without effect if there is nothing to change, and refused in the same words.

    Who may not even look is told that, and a row that is there only in some states, such as an invitation, is not found
    in the others.
    """
    if decision:
        return was_taken and moved is decision.fits
    is_told = said == decision.code or decision.reason in said
    may_not_look = decision.code == "role_required" and "needs the role" in said
    return not (was_taken or moved) and (is_told or may_not_look or (said == "not_found" and not decision.fits))


@pytest.mark.parametrize(("kind", "state", "role"), WHO_MAY)
def test_each_door_does_what_the_decision_says(kind: str, state: str, role: Role) -> None:
    """Pages show their buttons in each mode, and are tried once for each answer: it costs most to draw them."""
    asked, who = KINDS[kind], make_user("boss", role=role)
    drawn = set()
    for mode in each(asked.modes, at_least=1):
        with undone():
            row = asked.states[state](who)
            set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
            decisions = decided(asked, row, who, mode)
            client = signed_in(User.objects.get(pk=who.pk))
            if asked.page:
                assert buttons_of(client, asked, row) == offered(decisions), mode
            for action, decision in each(decisions.items(), at_least=1):
                doors = (by_rest,) if (action, decision.code) in drawn else (by_rest, by_page)
                drawn.add((action, decision.code))
                for door in doors:
                    assert is_as_said(decision, *tried(door, client, action, row)), (mode, door, action, decision)


@pytest.mark.parametrize(("kind", "role"), WHO_MAY_NOT)
def test_who_has_not_the_role_is_refused_by_every_door(kind: str, role: Role) -> None:
    """Whatever the state and the mode."""
    asked, who = KINDS[kind], make_user("boss", role=role)
    client = signed_in(who)
    row = next(iter(asked.states.values()))(who)
    for action, decision in each(decided(asked, row, who, asked.modes[0]).items(), at_least=1):
        assert decision.code == "role_required"
        assert is_as_said(decision, *tried(by_rest, client, action, row)), (action, decision)
        if role != Role.MEMBER:  # members are led away from the administrators' pages
            assert is_as_said(decision, *tried(by_page, client, action, row)), (action, decision)


def tried(door: Door, client: Client, action: Action, row: Row) -> tuple[bool, str, bool]:
    """Whether it was taken, what was said, and whether anything was done; nothing of it stays."""
    with undone():
        before = done()
        taken, said = door(client, action, row)
        return taken, said, done() != before


def decided(kind: Kind, row: Row, who: User, mode: Mode) -> dict[Action, Decision]:
    return {action: policy.decide(action, actor=Person(who), mode=mode, **row.about) for action in kind.actions}


def offered(decisions: dict[Action, Decision]) -> set[str]:
    return {WAYS[action].page for action, decision in decisions.items() if decision and decision.fits}


def with_a_command(kind: Kind) -> list[Action]:
    return [action for action in kind.actions if WAYS[action].command]


@pytest.mark.parametrize(("kind", "state"), [case for case in STATES if with_a_command(KINDS[case[0]])])
def test_a_command_does_what_the_decision_says(kind: str, state: str) -> None:
    """An operator has every role."""
    boss = make_user("boss", role=Role.OWNER)
    for mode in each(KINDS[kind].modes, at_least=1):
        with undone():
            row = KINDS[kind].states[state](boss)
            set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
            for action in each(with_a_command(KINDS[kind]), at_least=1):
                decision = policy.decide(action, actor=Operator("test"), mode=mode, **row.about)
                answer = tried(by_command, Client(), action, row)
                assert is_as_said(decision, *answer), (mode, action, decision, answer)


def test_every_act_has_its_states_and_its_doors() -> None:
    """All that is done to one row, but for what the last line names, whose rows are not looked at by themselves."""
    known = {action for kind in KINDS.values() for action in kind.actions}
    assert known == set(WAYS)
    beside = {Action.END_SESSION, Action.REVOKE_API_TOKEN, Action.ENFORCE_SSO, Action.HAND_OVER}
    of_others = {Action.MANAGE_ASSETS, Action.CHANGE_SECOND_STEP, Action.USE_PASSWORD}
    assert set(PART_OF) - known == beside | {action for action, row in PART_OF.items() if row in of_others}


# --- what is seen ---


def test_an_area_is_the_same_on_pages_in_rest_and_in_the_sidebar() -> None:
    pages = {model: page.seen_by for model, page in admin.site._registry.items() if isinstance(page, PortalModelAdmin)}
    of_support = {"support/disabled-users", "support/transferees"}
    shared = {
        name: resource
        for name, resource in RESOURCES.items()
        if resource.seen_by and resource.queryset.model in pages and name not in of_support
    }
    for name, resource in each(shared.items(), at_least=14):
        assert resource.seen_by == pages[resource.queryset.model], name
    lists = {entry.page: entry.seen_by for entries in SECTIONS.values() for entry in entries}
    listed = {f"admin:identity_{model._meta.model_name}_changelist": seen_by for model, seen_by in pages.items()}
    for page in each(listed.keys() & lists.keys(), at_least=15):
        assert lists[page] == (listed[page],)


def test_every_resource_says_to_which_area_it_belongs() -> None:
    named = each(Resources.__subclasses__() + Singleton.__subclasses__(), at_least=25)
    silent = {resource.__name__ for resource in named if "seen_by" not in vars(resource)}
    assert silent == {"Singleton"}
