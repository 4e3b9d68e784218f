"""Mapped groups compared with their SSO groups in parts: the same answer whatever the size of a part (R15, R21)."""

import json
import random
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps

from identity import policy
from identity.core.errors import InvalidValue
from identity.models import Group, Membership, SSOMembership, SSOUser, Status, User
from identity.models.sso import told_otherwise
from identity.queries import drift
from identity.queries.drift import NAMED, Comparison, Position, drifts
from identity.services import users
from tests.examples import POSTGRESQL, share
from tests.factories import (
    OPERATOR,
    make_group,
    make_idp,
    make_user,
    map_group,
    members_of,
    provision,
    push_group,
    resend,
    set_mode,
)
from tests.statements import Most, cost, no_statements

pytestmark = pytest.mark.django_db


def company(seed: int) -> None:
    """SSO groups that share people, feed several groups and are fed by several; and who drifted away from them."""
    dice = random.Random(seed)
    okta, entra = make_idp("Okta"), make_idp("Entra")
    people = [provision(dice.choice([okta, entra]), f"user{number}") for number in range(12)]
    local = [make_user(f"local{number}") for number in range(3)]
    portal_groups = [make_group(f"Group {number}") for number in range(5)]
    for number in range(6):
        provider = dice.choice([okta, entra])
        own = [person for person in people if person.identity_provider_id == provider.pk and dice.random() < 0.5]
        pushed = push_group(provider, f"SSO {number}", *own)
        for group in dice.sample(portal_groups[:4], dice.randrange(3)):
            map_group(pushed, group)
    for group in portal_groups:
        Membership.objects.filter(group=group, user_id__in=[p.user_id for p in people if dice.random() < 0.3]).delete()
        for user in [person.user for person in people if dice.random() < 0.2] + dice.sample(local, 1):
            Membership.objects.get_or_create(group=group, user=user)


def brought(group: Group) -> set[str]:
    rows = SSOMembership.objects.filter(sso_group__mappings__group=group)
    return set(rows.values_list("sso_user__user__username", flat=True))


def by_definition() -> dict[str, tuple[set[str], set[str]]]:
    """R15 as a sentence: a mapped group has exactly the people whom its SSO groups bring."""
    found = {}
    for group in Group.objects.filter(mappings__isnull=False).distinct():
        here, there = members_of(group), brought(group)
        if here != there:
            found[group.name] = (there - here, here - there)
    return found


def told(found: list[drift.Drift]) -> dict[str, tuple[set[str], set[str]]]:
    return {
        one.group.name: tuple({user.username for user in moving.named} for moving in (one.joins, one.leaves))  # type: ignore[misc]
        for one in found
    }


@pytest.mark.parametrize("seed", range(share(6, home=POSTGRESQL)))
def test_parts_of_any_size_find_what_differs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    company(seed)
    expected = by_definition()
    assert expected
    for part in (1, 2, 3, 7, 1_000):
        monkeypatch.setattr(drift, "PART", part)
        found = drifts()
        assert told(found) == expected
        assert all(one.joins.count == len(one.joins.named) for one in found)
        assert all(one.leaves.count == len(one.leaves.named) for one in found)
        assert [one.group.name for one in found] == sorted(expected)


def test_a_part_costs_a_statement_for_each_side_and_the_next_goes_on_from_there() -> None:
    idp, builders = make_idp(), make_group()
    map_group(push_group(idp, "Engineering", *(provision(idp, f"user{number}") for number in range(5))), builders)
    comparison, seen = Comparison(), []
    for _ in range(4):  # five on one side, five on the other, three at a time
        comparison = Comparison.resume(json.loads(json.dumps(comparison.so_far)))
        cost(partial(comparison.go_on, 3), Most.PART)
        seen.append((comparison.compared, comparison.progress))
    assert seen == [(3, (0, 2)), (6, (1, 2)), (9, (1, 2)), (10, (2, 2))]
    assert comparison.is_done
    with no_statements():
        assert comparison.drifts() == []


def test_of_a_large_movement_the_first_are_named_and_all_are_counted() -> None:
    idp, builders = make_idp(), make_group()
    map_group(push_group(idp, "Engineering", *(provision(idp, f"user{number:02}") for number in range(20))), builders)
    Membership.objects.filter(group=builders).delete()
    comparison = Comparison()
    comparison.go_on()
    found = []
    cost(lambda: found.extend(comparison.drifts()), Most.PART)
    [whole] = found
    assert (whole.joins.count, len(whole.joins.named), whole.joins.more) == (20, NAMED, 20 - NAMED)
    assert [user.username for user in whole.joins.named] == [f"user{number:02}" for number in range(NAMED)]


def test_who_is_deleted_between_two_parts_is_not_named() -> None:
    idp, builders = make_idp(), make_group()
    map_group(push_group(idp, "Engineering", provision(idp)), builders)
    Membership.objects.all().delete()
    comparison = Comparison()
    comparison.go_on()
    User.objects.all().delete()
    [found] = comparison.drifts()
    assert (found.joins.count, found.joins.named) == (1, [])


@pytest.mark.parametrize(
    "text", ["", "leaving", "leaving-1", "staying-1-2", "leaving-x-2", "leaving-1-²", f"joining-1-{10**30}"]
)
def test_nonsense_is_no_position(text: str) -> None:
    with pytest.raises(InvalidValue):
        Position.read(text)
    assert Position.read("joining-1-2") == ("joining", 1, 2)


# --- status ---


def overruled() -> set[str]:
    return {str(user) for status in (Status.ENABLED, Status.DISABLED) for user in told_otherwise(status)}


def overruled_by_definition() -> set[str]:
    rows = SSOUser.objects.select_related("user")
    return {row.user_name for row in rows if row.active != row.user.is_active}


@pytest.mark.parametrize("seed", range(share(8, home=POSTGRESQL)))
def test_who_was_enabled_or_disabled_otherwise_is_known_after_any_history(seed: int) -> None:
    dice, idp = random.Random(seed), make_idp()
    people = [provision(idp, f"user{number}", active=dice.choice([True, False, None])) for number in range(4)]
    met = set()
    for _ in range(40):
        person = dice.choice(people)
        person.refresh_from_db()
        if not policy.current_mode().scim_enabled:
            act = dice.choice([users.enable_user, users.disable_user])
            act(person.user, actor=OPERATOR)
        else:
            resend(person, person.user_name, active=dice.choice([True, False, None]))
        assert overruled() == overruled_by_definition()
        met |= overruled()
        if dice.random() < 0.3:
            set_mode(scim=dice.random() < 0.5, follow_idp=dice.random() < 0.3)
            assert overruled() == overruled_by_definition()
    assert met


def test_the_upgrade_marks_those_of_before() -> None:
    idp = make_idp()
    ada, grace, _ = provision(idp, "ada"), provision(idp, "grace", active=False), provision(idp, "mia")
    set_mode(scim=False)
    users.disable_user(ada.user, actor=OPERATOR)
    users.enable_user(grace.user, actor=OPERATOR)
    SSOUser.objects.update(overruled=False)
    import_module("identity.migrations.0017_overruled").mark(apps, None)
    assert overruled() == overruled_by_definition() == {"ada", "grace"}
