"""What `policy.decide` says of anything in any state is what a page, the REST API and a command then do (SR-16, SR-17).

An act that is refused is refused by each door with the same code or sentence, one that has nothing to change changes
nothing, and a page has a button for those alone that would do something.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import ERROR, get_messages
from django.core.management import call_command
from django.db import connection
from django.test import Client

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import PART_OF, Action, Decision, Mode
from identity.models import Role, User
from identity.safeguards.asked import About
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.navigation import SECTIONS
from portal.api.urls import RESOURCES
from portal.api.views import Resources, Singleton
from tests.clients import Script
from tests.company.kinds import KINDS, Kind
from tests.company.states import Row
from tests.company.ways import NOTHING, Way, filled
from tests.factories import make_support, make_user, set_mode
from tests.identity.whose import undone
from tests.loops import each
from tests.portal.admin_pages import text_of
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db

STATES = [(kind, state) for kind, row in KINDS.items() for state in row.states]
WHO_MAY = [(kind, state, role) for kind, state in STATES for role in Role if KINDS[kind].may(role)]
WHO_MAY_NOT = [(kind, role) for kind, row in KINDS.items() for role in Role if not (row.roles or row.may(role))]
Door = Callable[[Client, Way, Row], tuple[bool | None, str]]


def done() -> tuple[int, ...]:
    """It moves with whatever is done; refusals leave a trace of their own."""
    with connection.cursor() as cursor:
        cursor.execute(DONE)
        return cursor.fetchone()  # type: ignore[no-any-return]


DONE = """
    SELECT (SELECT count(*) FROM identity_auditevent
             WHERE action <> 'access.refused' AND substr(action, 1, 8) <> 'sign_in.'),
           (SELECT count(*) FROM identity_bulkrun),
           (SELECT count(*) FROM identity_bulkrow WHERE outcome <> 'pending')
"""


def by_page(client: Client, way: Way, row: Row) -> tuple[bool | None, str]:
    """Whether it was taken, and the sentence that says why not; None for a page that shows a secret, or a mistake."""
    form = {name: value for name, value in filled(row, way.form).items() if value is not None}
    url = way.url(row)
    answer: Any = way.post(client, url, row) if way.post else client.post(url, form)
    assert answer.status_code in {200, 302, 400, 403, 404}, text_of(answer)
    if way.told:
        return None, "" if answer.status_code == 302 else way.told(row)
    if answer.status_code == 302:
        problems = [str(told) for told in get_messages(answer.wsgi_request) if told.level == ERROR]
        return not problems, " ".join(problems)
    if answer.status_code == 404:
        return False, "not_found"
    return (None if answer.status_code == 200 else False), text_of(answer)


def by_rest(client: Client, way: Way, row: Row) -> tuple[bool | None, str]:
    """The same, with the code."""
    assert way.request is not None
    method, path = way.request
    answer = Script(client=client).send(method, filled(row, path), filled(row, way.body))
    assert answer.status_code in {200, 201, 204, 403, 404}, answer.content
    return answer.status_code < 300, "" if answer.status_code < 300 else json.loads(answer.content)["code"]


def by_command(client: Client, way: Way, row: Row) -> tuple[bool | None, str]:
    """The same; a shell needs no browser."""
    told = StringIO()
    try:
        call_command(*filled(row, way.command), "--json", stdout=StringIO(), stderr=told)
    except SystemExit:
        return False, json.loads(told.getvalue())["error"]["code"]
    return True, ""


def is_as_said(decision: Decision, was_taken: bool, said: str, moved: bool) -> bool:
    """Taken if allowed, without effect if there is nothing to change, and refused in the same words.

    Who may not even look is told that or finds nothing, and a row that is there only in some states, such as an
    invitation, is not found in the others.
    """
    if decision:
        return was_taken and moved is decision.fits
    is_told = said in {decision.code, NOTHING} or decision.reason in said
    may_not_look = decision.code == "role_required" and ("needs the role" in said or said == "not_found")
    return not (was_taken or moved) and (is_told or may_not_look or (said == "not_found" and not decision.fits))


@pytest.mark.parametrize(("kind", "state", "role"), WHO_MAY)
def test_each_door_does_what_the_decision_says(kind: str, state: str, role: Role) -> None:
    """In each mode; what costs most, a request and the drawing of a page, once for each answer."""
    asked, who = KINDS[kind], make_user("boss", role=role)
    met: set[tuple[Action, str, bool]] = set()
    for mode in each(asked.modes, at_least=1):
        with undone():
            row = asked.states[state](who)
            set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
            decisions = decided(asked, row.about, who, mode)
            new = {one: found for one, found in decisions.items() if (one, found.code, found.fits) not in met}
            met |= {(one, found.code, found.fits) for one, found in new.items()}
            client = signed_in(User.objects.get(pk=who.pk))
            if asked.shown and new:
                offered = {one for one, found in decided(asked, row.offered, who, mode).items() if found and found.fits}
                with_a_page = {one for one, way in asked.ways.items() if way.page}
                with undone():  # what it would say at the next page as well
                    assert asked.shown(client, row, asked.ways) == offered & with_a_page, mode
            if asked.target and new:
                assert told_by_the_policy(client, asked, row) == {
                    one: (found.allowed, found.code) for one, found in decisions.items()
                }, mode
            before = done()
            for action, decision in new.items():
                for door in doors_of(asked.ways[action]):
                    answer = tried(door, client, asked.ways[action], row, before)
                    assert is_as_said(decision, *answer), (mode, door, action, decision, answer)


@pytest.mark.parametrize(("kind", "role"), WHO_MAY_NOT)
def test_who_has_not_the_role_is_refused_by_every_door(kind: str, role: Role) -> None:
    """Whatever the state and the mode."""
    asked, who = KINDS[kind], make_user("boss", role=role)
    client = signed_in(who)
    row = next(iter(asked.states.values()))(who)
    before = done()
    for action, decision in each(decided(asked, row.about, who, asked.modes[0]).items(), at_least=1):
        assert decision.code == "role_required"
        doors = doors_of(asked.ways[action])
        for door in doors if role != Role.MEMBER else doors & {by_rest}:  # members are led away from these pages
            answer = tried(door, client, asked.ways[action], row, before)
            assert is_as_said(decision, *answer), (door, action, decision, answer)


def told_by_the_policy(client: Client, asked: Kind, row: Row) -> dict[Action, tuple[bool, str]]:
    """What REST says of the target before anything is tried."""
    said = Script(client=client).read(f"policy/?{asked.target}={row.pk}")["target"]["actions"]
    return {action: (said[action]["allowed"], said[action]["code"]) for action in asked.ways}


def doors_of(way: Way) -> set[Door]:
    return {door for door, is_there in ((by_rest, way.request), (by_page, way.page)) if is_there}


def tried(door: Door, client: Client, way: Way, row: Row, before: tuple[int, ...]) -> tuple[bool, str, bool]:
    """Whether it was taken, what was said, and whether anything was done; nothing of it stays."""
    with undone():
        taken, said = door(client, way, row)
        moved = done() != before
        return moved if taken is None else taken, said, moved


def decided(kind: Kind, about: About, who: User, mode: Mode) -> dict[Action, Decision]:
    return {action: policy.decide(action, actor=Person(who), mode=mode, **about) for action in kind.ways}


def with_a_command(kind: Kind) -> dict[Action, Way]:
    return {action: way for action, way in kind.ways.items() if way.command}


@pytest.mark.parametrize(("kind", "state"), [case for case in STATES if with_a_command(KINDS[case[0]])])
def test_a_command_does_what_the_decision_says(kind: str, state: str) -> None:
    """An operator has every role, and acts in somebody's name where only that person may."""
    boss, _ = make_user("boss", role=Role.OWNER), make_support()
    met: set[tuple[Action, str, bool]] = set()
    for mode in each(KINDS[kind].modes, at_least=1):
        with undone():
            row = KINDS[kind].states[state](boss)
            set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
            before = done()
            for action, way in each(with_a_command(KINDS[kind]).items(), at_least=1):
                decision = policy.decide(action, actor=way.in_whose_name(row), mode=mode, **row.about)
                if (answered := (action, decision.code, decision.fits)) in met:
                    continue
                met.add(answered)
                answer = tried(by_command, Client(), way, row, before)
                assert is_as_said(decision, *answer), (mode, action, decision, answer)


def test_every_act_has_its_states_and_its_doors() -> None:
    """All that is done to one row."""
    assert {action for kind in KINDS.values() for action in kind.ways} >= set(PART_OF)


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
