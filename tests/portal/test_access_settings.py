"""Access settings: the policy table, the what-if page, and the switch (R21, R22)."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from identity import policy
from identity.core.decisions import Mode
from identity.models import Group, Role, Status, User
from identity.policy import MATRIX
from identity.queries import drift
from identity.services import groups, users
from portal.admin.access.modes import ANSWERS, QUESTIONS, table_of
from tests.factories import (
    OPERATOR,
    PASSWORD,
    everything,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
    sign_in_by_sso,
)
from tests.portal.admin_pages import address, hidden, messages_of, text_of
from tests.sessions import as_administrator, as_owner, signed_in
from tests.statements import MANY, Most, cost, same_for_many_rows, the_same

pytestmark = pytest.mark.django_db

PAGE = "accesssettings_changelist"


def switch(client: Client, *, scim: str, sso: str, **said: str) -> list[str]:
    """Look at what would change, confirm it; what the page says then."""
    url = address("accesssettings_switch", scim=scim, sso=sso)
    seen = hidden(client.get(url), "seen")
    return messages_of(client.post(url, {"seen": seen, **said}, follow=True))


def ready_owner() -> Client:
    """An owner who may enforce SSO."""
    owner = make_owner()
    make_break_glass()
    sign_in_by_sso(owner, make_idp())
    return signed_in(owner)


def drifted() -> tuple[User, User]:
    """What SCIM last said and what was changed here while it was off: one disabled, one left the group."""
    idp = make_idp()
    ada, bob = provision(idp, "ada"), provision(idp, "bob")
    builders = make_group("Builders")
    map_group(push_group(idp, "Engineering", ada, bob), builders)
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    groups.remove_members(builders, [bob.user], actor=OPERATOR)
    return ada.user, bob.user


# --- the page ---


def test_the_table_is_the_policys_cell_by_cell() -> None:
    now = Mode(scim_enabled=True, sso_enforced=False)
    shown = {question: [answer.text for answer in answers] for question, _, answers in table_of(now)}
    assert shown == {QUESTIONS[action]: [ANSWERS[cell][0] for cell in cells] for action, cells in MATRIX.items()}
    assert [[answer.is_now for answer in answers] for _, _, answers in table_of(now)] == [
        [False, True, False, False]
    ] * len(MATRIX)


def test_the_page_shows_the_mode_the_table_and_the_exemption() -> None:
    text = text_of(as_administrator().get(address(PAGE)))
    assert "SCIM is on and SSO is not enforced. Administrators may invite users and edit profiles." in text
    assert "No one can be invited" not in text
    assert "SCIM on SSO not enforced Now SCIM off SSO enforced" in text
    assert "Invite a user No Yes No Yes" in text
    assert "can always be enabled and disabled here" in text


def test_owners_switch_and_administrators_look() -> None:
    for client in (as_owner(), as_administrator()):
        assert "Show what would change" in text_of(client.get(address(PAGE)))
    page = text_of(client.get(address(PAGE)))
    assert "Changing access settings needs the role owner. You can look at what a switch would change" in page
    assert "Before it can be enforced" not in page


def test_what_must_be_proven_before_sso_is_enforced_is_listed() -> None:
    text = text_of(as_owner().get(address(PAGE)))
    assert "A break-glass account has signed in with its second step. Missing" in text
    assert "You have signed in through SSO yourself. Missing" in text
    page = text_of(signed_in(make_break_glass()).get(address(PAGE)))
    assert "A break-glass account has signed in with its second step. Done" in page


@pytest.mark.parametrize(("make", "status"), [(make_support, 403), (make_user, 302)])
def test_support_and_members_see_neither_page(make: type, status: int) -> None:
    client = signed_in(make())
    assert client.get(address(PAGE)).status_code == status
    assert client.post(address("accesssettings_switch", scim="off", sso="off")).status_code == status
    assert policy.current_mode() == Mode(True, False)


# --- what would change ---


def test_the_what_if_page_lists_the_cells_that_change() -> None:
    text = text_of(as_owner().get(address("accesssettings_switch", scim="off", sso="off")))
    assert "Switch to “SCIM is off and SSO is not enforced”?" in text
    assert "Now: SCIM is on and SSO is not enforced." in text
    assert "Enable or disable a user No Yes" in text
    assert "Add users to a group, or remove them Unmapped groups only Yes" in text
    assert "Invite a user" not in text
    assert "Switch SCIM off" in text


def test_enforcing_says_whom_it_touches() -> None:
    client = ready_owner()
    make_user("mia", password=PASSWORD)
    text = text_of(client.get(address("accesssettings_switch", scim="on", sso="on")))
    assert "1 person Could no longer sign in" in text
    assert "mia" in text
    assert "Have an invitation" not in text
    assert "Enforce SSO Cancel" in text


def test_r22_what_is_missing_is_said_in_place_of_the_button() -> None:
    client = as_owner()
    url = address("accesssettings_switch", scim="on", sso="on")
    answer = client.get(url)
    assert answer.status_code == 200
    assert "Prove a break-glass account first" in text_of(answer)
    assert 'name="seen"' not in answer.content.decode()
    make_break_glass()
    assert "Sign in through SSO yourself first" in text_of(client.get(url))
    refused = client.post(url, {"seen": policy.current_mode().code})
    assert refused.status_code == 403
    assert "Sign in through SSO yourself first" in text_of(refused)
    assert policy.current_mode() == Mode(True, False)


def test_the_mode_that_is_there_already_offers_no_button() -> None:
    page = as_owner().get(address("accesssettings_switch", scim="on", sso="off"))
    assert "This is how it is already." in text_of(page)
    assert 'name="seen"' not in page.content.decode()


def test_r21_switching_scim_on_lists_who_differs() -> None:
    drifted()
    text = text_of(as_owner().get(address("accesssettings_switch", scim="on", sso="off")))
    assert "1 person Become enabled" in text
    assert "Become disabled" not in text
    assert "Builders 1 joins bob" in text


def part(client: Client, so_far: str) -> HttpResponse:
    return client.post(address("accesssettings_groups"), {"so_far": so_far})  # type: ignore[return-value]


def test_r21_many_groups_are_compared_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "PART", 3)
    client, idp = as_owner(), make_idp()
    for number in range(4):
        people = [provision(idp, f"user{number}{one}") for one in range(2)]
        map_group(push_group(idp, f"SSO {number}", *people), make_group(f"Group {number}"))
    set_mode(scim=False)
    groups.remove_members(Group.objects.get(name="Group 3"), [people[0].user], actor=OPERATOR)
    groups.add_members(Group.objects.get(name="Group 0"), [people[1].user], actor=OPERATOR)
    page = client.get(address("accesssettings_switch", scim="on", sso="off"))
    assert "3 memberships so far" in text_of(page)
    assert "Keep what is here" in text_of(page), "what differs may be in a part that is still to come"
    parts = 1
    while "memberships so far" in text_of(page):
        page = part(client, hidden(page, "so_far"))
        parts += 1
    assert parts == 6, "8 members of groups and 8 of SSO groups, three at a time"
    text = text_of(page)
    assert "Group 0 0 join 1 leaves user31" in text
    assert "Group 3 1 joins user30" in text
    assert "Group 1" not in text
    file = b"".join(client.get(address("accesssettings_groups_csv")).streaming_content)  # type: ignore[attr-defined]
    assert [line.split(",")[:3] for line in file.decode().splitlines()] == [
        ['"Group"', '"What would happen"', '"Username"'],
        ['"Group 0"', '"leaves"', '"user31"'],
        ['"Group 3"', '"joins"', '"user30"'],
    ]


def test_support_compares_nothing_and_nobody_what_did_not_begin_here() -> None:
    make_group()
    owner = as_owner()
    assert part(owner, "nonsense").status_code == 400
    assert owner.get(address("accesssettings_groups")).status_code == 405
    assert part(as_administrator(), "nonsense").status_code == 400
    support = signed_in(make_support())
    assert part(support, "nonsense").status_code == 403
    assert support.get(address("accesssettings_groups_csv")).status_code == 403


def people(client: Client, **query: str) -> Any:
    return client.get(address("accesssettings_people", **query))


def test_everybody_whom_an_effect_touches_is_listed_page_by_page() -> None:
    client = ready_owner()
    for number in range(60):
        make_user(f"user{number:02}", password=PASSWORD)
    query = {"scim": "on", "sso": "on", "effect": "locked_out"}
    first = people(client, **query)
    assert "Could no longer sign in" in text_of(first)
    assert [user.username for user in first.context["people"]][-1] == "user49"
    assert "after=user49" in first.content.decode()
    rest = people(client, **query, after="user49")
    assert [user.username for user in rest.context["people"]] == [f"user{number}" for number in range(50, 60)]
    assert [user.username for user in people(client, **query, q="user07").context["people"]] == ["user07"]
    assert saved(client, **query).count("Could no longer sign in") == 60
    assert saved(client, **query, q="user07").count("Could no longer sign in") == 1


def saved(client: Client, **query: str) -> str:
    return b"".join(client.get(address("accesssettings_people_csv", **query)).streaming_content).decode()


def test_administrators_see_whom_it_touches_support_does_not_and_nonsense_is_not_found() -> None:
    make_user("mia", password=PASSWORD)
    query = {"scim": "on", "sso": "on", "effect": "locked_out"}
    client = as_administrator()
    assert "mia" in text_of(people(client, **query))
    assert "mia" in saved(client, **query)
    for page in ("accesssettings_people", "accesssettings_people_csv"):
        assert signed_in(make_support(page)).get(address(page, **query)).status_code == 403
    for effect in ("nonsense", "", "follow_enable"):
        assert people(client, scim="on", sso="on", effect=effect).status_code == 404


def test_what_if_costs_the_same_statements_and_counts_only_whom_it_does_not_name() -> None:
    client, idp = ready_owner(), make_idp("Entra")
    url = address("accesssettings_switch", scim="on", sso="on")
    costs = []
    for numbers in (range(1), range(1, MANY), range(MANY, 2 * MANY)):
        set_mode(scim=True)
        for one in numbers:
            ada = provision(idp, f"user{one}")
            map_group(push_group(idp, f"SSO {one}", ada), group := make_group(f"Group {one}"))
            set_mode(scim=False)
            groups.remove_members(group, [ada.user], actor=OPERATOR)
            users.disable_user(ada.user, actor=OPERATOR)
            set_mode(scim=True)
        set_mode(scim=False)
        costs.append(cost(lambda: client.get(url), Most.PAGE))
    assert "Become enabled" in text_of(client.get(url))
    all_named, *counted = costs
    the_same(*counted)
    assert len(all_named) < len(counted[0])


def test_looking_changes_nothing() -> None:
    client = ready_owner()
    client.get(address(PAGE))
    before = everything()
    for scim in ("on", "off"):
        for sso in ("on", "off"):
            client.get(address("accesssettings_switch", scim=scim, sso=sso))
    client.get(address(PAGE))
    assert everything() == before


# --- the switch ---


def test_an_owner_switches_scim_off_and_on() -> None:
    client = as_owner()
    assert switch(client, scim="off", sso="off") == ["SCIM is off and SSO is not enforced from now on."]
    assert policy.current_mode() == Mode(False, False)
    assert switch(client, scim="on", sso="off") == ["SCIM is on and SSO is not enforced from now on."]
    assert policy.current_mode() == Mode(True, False)


def test_an_owner_enforces_sso() -> None:
    client = ready_owner()
    url = address("accesssettings_switch", scim="on", sso="on")
    client.post(url, {"seen": hidden(client.get(url), "seen")})
    assert policy.current_mode() == Mode(True, True)


def test_r21_the_choice_is_asked_for_and_nothing_is_chosen_beforehand() -> None:
    drifted()
    client = as_owner()
    url = address("accesssettings_switch", scim="on", sso="off")
    page = client.get(url)
    assert "checked" not in page.content.decode().split('name="follow"', 1)[1].split("</fieldset>")[0]
    answer = client.post(url, {"seen": hidden(page, "seen")})
    assert "Choose what becomes of the differences." in text_of(answer)
    assert policy.current_mode() == Mode(False, False)


def test_r21_following_the_idp_applies_the_differences() -> None:
    ada, bob = drifted()
    switch(as_owner(), scim="on", sso="off", follow="follow")
    ada.refresh_from_db()
    assert ada.status == Status.ENABLED
    assert members_of(bob.portal_groups.get()) == {"ada", "bob"}


def test_r21_keeping_leaves_everything_until_the_idp_sends_again() -> None:
    ada, bob = drifted()
    switch(as_owner(), scim="on", sso="off", follow="keep")
    ada.refresh_from_db()
    assert policy.current_mode() == Mode(True, False)
    assert ada.status == Status.DISABLED
    assert not bob.portal_groups.exists()


def test_administrators_see_what_would_change_and_can_not_switch() -> None:
    make_user("mia", password=PASSWORD)
    client = as_administrator()
    url = address("accesssettings_switch", scim="on", sso="on")
    looked_at = client.get(url)
    assert looked_at.status_code == 200
    assert "mia" in text_of(looked_at)
    assert "Enforce SSO" not in text_of(looked_at)
    tried = client.post(url, {"seen": policy.current_mode().code})
    assert tried.status_code == 403
    for page in (looked_at, tried):
        assert "Changing access settings needs the role owner." in text_of(page)
    assert policy.current_mode() == Mode(True, False)


def test_what_somebody_else_changed_meanwhile_is_not_confirmed_blindly() -> None:
    client = ready_owner()
    url = address("accesssettings_switch", scim="off")
    seen = hidden(client.get(url), "seen")
    set_mode(scim=True, sso=True)
    glass = signed_in(make_user("otto", role=Role.OWNER))
    answer = glass.post(url, {"seen": seen})
    assert answer.status_code == 409
    assert "The settings have been changed in the meantime." in text_of(answer)
    assert policy.current_mode() == Mode(True, True)


def test_the_page_needs_few_statements() -> None:
    client = as_owner()
    same_for_many_rows(lambda: client.get(address(PAGE)), lambda number: make_user(f"user{number}"), Most.PAGE)
