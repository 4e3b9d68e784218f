"""A page that lets people choose from a list offers exactly those who may be chosen (SR-16)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action, Mode
from identity.models import Group, Role, Status, User
from identity.policy import MODES
from tests.clients import Script
from tests.factories import (
    make_asset,
    make_group,
    make_idp,
    make_support,
    make_user,
    map_group,
    push_group,
    set_mode,
)
from tests.portal.admin_pages import address
from tests.sessions import as_administrator, signed_in

pytestmark = pytest.mark.django_db


def in_every_state() -> None:
    for status in Status:
        make_user(f"{status.value}-one", status=status)
        make_user(f"{status.value}-two", status=status, role=Role.SUPPORT)


def offered(client: Client, page: str, field: str) -> set[int]:
    found = client.get(page)
    assert found.status_code == 200
    return set(map(int, re.findall(rf'name="{field}" value="(\d+)"', found.content.decode())))


def test_who_takes_over_at_a_deletion_may_be_who_is_offered() -> None:
    in_every_state()
    leaver, sue = make_user("ada", status=Status.DISABLED), make_support()
    make_asset(leaver)
    may = {
        user.pk
        for user in User.objects.all()
        if policy.decide(Action.HAND_OVER, actor=Person(sue), user=leaver, taker=user)
    }
    assert {status: status.value + "-one" in names(may) for status in Status} == {
        Status.ENABLED: True,
        Status.INVITED: True,
        Status.DISABLED: False,
    }
    client = signed_in(sue)
    assert offered(client, reverse("admin:disabled_users_delete", args=(leaver.pk,)), "transferee") == may
    assert {row["id"] for row in Script(client=client).read("support/transferees/")["results"]} == may


def names(keys: set[int]) -> set[str]:
    return set(User.objects.filter(pk__in=keys).values_list("username", flat=True))


def test_who_may_own_an_asset_is_who_is_offered() -> None:
    in_every_state()
    mia = make_user("mia")
    asset = make_asset(mia)
    client = as_administrator()
    actor = Person(User.objects.get(username="adam"))
    for action, page in ((Action.ADD_ASSET_OWNER, "asset_add_owner"), (Action.TRANSFER_ASSET, "asset_transfer")):
        decided = {
            user.pk: policy.decide(action, actor=actor, asset=asset, giver=mia, taker=user)
            for user in User.objects.all()
        }
        may = {pk for pk, found in decided.items() if found and found.fits}
        assert len(may) == 5  # two enabled, two invited, and the administrator
        assert offered(client, address(page, asset.pk, user=mia.pk), "users") == may, action


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.code)
def test_the_groups_that_are_offered_are_those_that_may_be_changed(mode: Mode) -> None:
    mapped, mia = make_group("Mapped"), make_user("mia")
    make_group("Unmapped")
    map_group(push_group(make_idp()), mapped)
    client = as_administrator()
    set_mode(scim=mode.scim_enabled, sso=mode.sso_enforced)
    actor = Person(User.objects.get(username="adam"))
    may = {group.pk for group in Group.objects.all() if policy.decide(Action.CHANGE_MEMBERS, actor=actor, group=group)}
    assert (mapped.pk in may) is not mode.scim_enabled
    for page in (address("user_add_to_groups", mia.pk), address("user_bulk_add_to_groups", ids=mia.pk)):
        assert offered(client, page, "groups") == may
