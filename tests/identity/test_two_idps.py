"""Whose is it? Every service is run for one of two identity providers that are alike: nothing of the other moves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django_tasks.base import Task

from identity import queries, services
from identity.core.errors import GatehouseError
from identity.models import Membership, MembershipChange, SSOIdentity, User
from identity.services import groups
from identity.services.provisioning import retirement
from identity.services.sign_in import login
from tests.factories import OPERATOR, set_mode
from tests.identity.two_idps import Side, both, one_of_two, says, two_idps
from tests.identity.two_idps_cases import NOBODYS, OF_A_PERSON, OF_A_PROVIDER, READS, STRANGERS, Deed
from tests.identity.two_idps_questions import QUESTIONS
from tests.identity.whose import Bystanders, Keys, all_rows, owned_by, undone
from tests.loops import each

pytestmark = pytest.mark.django_db

SOMEBODYS = re.compile(
    r"\b(APIToken|Asset|BulkRow|BulkRun|Conflict|Group|GroupMapping|IdPActor|IdempotentRequest|IdentityProvider"
    r"|Invitation|Provisioner|SCIMToken|SSOConnection|SSOGroup|SSOIdentity|SSOUser|SignIn|TokenBearer|User)\b"
)
# What a permanent deletion empties for everybody, on purpose: they are kept for minutes only (R10).
EMPTIED = {"deletion.delete_permanently": "identity.ReceivedRequest"}


# Of the portal as a whole, or about what has not happened in the beginning.
NEITHERS = {"AccessSettings", "AuditOrigin", "DeletionRecord", "Headcount", "SealedKeys"}
NEITHERS |= {"ProviderSilence", "RetentionPeriod", "ScheduledJob", "ScheduledRun", "SpentAssertion", "Webhook"}
NEITHERS |= {"WebhookDelivery"}
NEITHERS |= {"Alarm", "AlarmNotice", "EventReader", "NotificationOptOut", "NotificationRule"}


def public_services() -> dict[str, Callable[..., Any]]:
    """By module and name, services and queries alike; tasks are what they call."""
    found = {}
    for room in (services, queries):
        for place in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            module = importlib.import_module(place.name)
            for name, value in vars(module).items():
                function = inspect.unwrap(value.func if isinstance(value, Task) else value)
                is_its_own = inspect.isfunction(function) and function.__module__ == module.__name__
                if is_its_own and function.__name__ == name and not name.startswith("_"):
                    where = place.name.removeprefix("identity.").removeprefix("services.")
                    found[f"{where}.{name}"] = function
    return found


def takes_somebodys(service: Callable[..., Any]) -> bool:
    parameters = inspect.signature(service).parameters.values()
    return any(
        SOMEBODYS.search(f"{one.annotation}") or re.search("(provider|user|scim)_id", one.name) for one in parameters
    )


def test_every_service_has_a_case() -> None:
    found = public_services()
    assert len(found) > 150
    cases = [*OF_A_PERSON, *OF_A_PROVIDER, *READS, *QUESTIONS, *NOBODYS]
    assert sorted(cases) == sorted(found)
    assert [name for name in NOBODYS if takes_somebodys(found[name])] == []


def test_the_two_sides_are_alike_and_have_no_row_in_common() -> None:
    one, two = two_idps()
    rows = all_rows()
    ones, twos = owned_by(one.roots, rows), owned_by(two.roots, rows)
    assert {table: len(ones[table]) for table in rows} == {table: len(twos[table]) for table in rows}
    assert [table for table in rows if ones[table] & twos[table]] == []
    kept = apps.get_app_config("identity").get_models()
    assert {table.__name__ for table in kept if not ones[table]} == NEITHERS


def person(user: User) -> Keys:
    return {User: {user.pk}}


def run(deed: Deed, mine: Side, bystanders: Bystanders) -> tuple[bool, list[str]]:
    """Do it and undo it: whether anything changed at all, and what of the bystanders' did."""
    with undone():
        with suppress(GatehouseError):
            deed(mine.copy())
        after = all_rows()
    return bystanders.before != after, bystanders.touched(after)


@both
def test_a_service_touches_nothing_of_the_other_side(is_first: bool) -> None:
    mine, moved, strange = one_of_two(is_first=is_first), set(), []
    for scim in (True, False):
        set_mode(scim=scim)
        colleague = person(mine.colleague.user)
        for cases, roots in ((OF_A_PERSON, [mine.other.roots, colleague]), (OF_A_PROVIDER, [mine.other.roots])):
            watch = Bystanders(*roots)
            for name, deeds in cases.items():
                for number, deed in enumerate(deeds):
                    has_moved, found = run(deed, mine, watch)
                    moved |= {(name, number)} if has_moved else set()
                    emptied = EMPTIED.get(name, "-")
                    strange += [
                        f"{name} #{number}, SCIM {scim}: {line}" for line in found if not line.startswith(emptied)
                    ]
    assert strange == []
    every = {(name, at) for cases in (OF_A_PERSON, OF_A_PROVIDER) for name in cases for at in range(len(cases[name]))}
    assert every - moved == set(), "these did nothing"


@pytest.mark.parametrize("scim", [True, False], ids=["SCIM on", "SCIM off"])
@both
def test_what_is_asked_is_answered_of_one_side_and_changes_nothing(is_first: bool, scim: bool) -> None:
    mine = one_of_two(is_first=is_first)
    set_mode(scim=scim)
    before = all_rows()
    for name, ask in each((READS | QUESTIONS).items(), at_least=5):
        found, expected = ask(mine.copy())
        assert found == expected, name
        assert all_rows() == before, name


@both
def test_what_is_named_of_the_other_side_is_refused(is_first: bool) -> None:
    mine = one_of_two(is_first=is_first)
    before = all_rows()
    for name, deed in each(STRANGERS.items(), at_least=5):
        with undone(), pytest.raises(GatehouseError):
            deed(mine.copy())
        assert all_rows() == before, name


# --- in sentences: who signs in, and into which groups ---


@pytest.mark.parametrize("scim", [True, False], ids=["SCIM on", "SCIM off"])
def test_one_subject_at_two_identity_providers_is_two_people(mine: Side, scim: bool) -> None:
    set_mode(scim=scim)
    assert login.sign_in(mine.oidc, says()) == mine.user
    assert login.sign_in(mine.other.oidc, says()) == mine.other.user


def test_who_is_new_at_one_is_not_who_has_the_subject_at_the_other(mine: Side) -> None:
    """Their first sign-in there, by the external ID or, while SCIM is off, as nobody known."""
    SSOIdentity.objects.filter(user=mine.user).delete()
    assert login.sign_in(mine.oidc, says()) == mine.user
    retirement.release(mine.user, actor=OPERATOR)
    assert login.lacks_something(mine.oidc, says(email=""))
    set_mode(scim=False)
    made = login.sign_in(mine.oidc, says(user_name="newcomer"))
    assert (made.username, made.managed_by) == ("newcomer", None)


@pytest.mark.parametrize("claim", ["Engineering", "g1"], ids=["name", "external ID"])
def test_a_claim_names_groups_of_its_own_identity_provider(mine: Side, claim: str) -> None:
    """Those that another one feeds are none of its business."""
    set_mode(scim=False)
    mine.user.memberships.all().delete()
    login.sign_in(mine.oidc, says(groups=[claim]))
    assert set(mine.user.portal_groups.all()) == {mine.group, mine.shared}
    groups.add_members(mine.other.group, [mine.user], actor=OPERATOR)
    login.sign_in(mine.oidc, says(groups=[]))
    assert set(mine.user.portal_groups.all()) == {mine.other.group}


def test_a_claim_moves_nobody_but_the_person(mine: Side) -> None:
    set_mode(scim=False)
    mine.user.memberships.all().delete()
    others = Membership.objects.order_by("pk")
    before = list(others.values())
    for named in (["Engineering"], []):
        login.sign_in(mine.oidc, says(groups=named))
        assert list(others.exclude(user=mine.user).values()) == before
        assert mine.user.memberships.count() == 2 * len(named)
    moves = MembershipChange.objects.order_by("-pk")[:4]
    assert [(move.user_id, move.joined) for move in moves] == [
        (mine.user.pk, joined) for joined in (False, False, True, True)
    ]
