"""Disabling by any door ends every way in, at the next request (R13, SR-22)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from identity.models import APIToken, Invitation, SSOConnection, SSOUser, Status, User
from portal.account.resets import reset_path
from tests.clients import caller, idp_of, owners_caller
from tests.factories import (
    PASSWORD,
    make_administrator,
    make_user,
    provision,
    set_mode,
)
from tests.portal.second_steps import code_of, set_up
from tests.sessions import is_in, sign_in, signed_in
from tests.sso.conftest import OIDCProvider, leave

pytestmark = pytest.mark.django_db


def by_scim(user: User) -> None:
    sso_user = SSOUser.objects.select_related("identity_provider").get(user=user)
    off = {"op": "replace", "path": "active", "value": False}
    assert idp_of(sso_user.identity_provider).patch(f"/Users/{sso_user.scim_id}", off).status_code == 200


def by_scim_delete(user: User) -> None:
    sso_user = SSOUser.objects.select_related("identity_provider").get(user=user)
    assert idp_of(sso_user.identity_provider).delete(f"/Users/{sso_user.scim_id}").status_code == 204


def by_an_administrator(user: User) -> None:
    set_mode(scim=False)
    signed_in(make_administrator()).post(f"/admin/identity/user/{user.pk}/disable/")


def by_rest(user: User) -> None:
    set_mode(scim=False)
    owners_caller().do("POST", f"users/{user.pk}/disable/")


def by_command(user: User) -> None:
    set_mode(scim=False)
    call_command("disable_user", user.username, stdout=StringIO())


DOORS = [by_scim, by_scim_delete, by_an_administrator, by_rest, by_command]


@pytest.mark.parametrize("disable", DOORS)
def test_every_way_in_is_closed_at_once(
    okta: SSOConnection, provider: OIDCProvider, disable: Callable[[User], None]
) -> None:
    make_user("ada", password=PASSWORD)
    ada: User = provision(okta.identity_provider, "ada", external_id="00u1").user
    by_sso, by_password, script = Client(), Client(), caller(ada)
    provider.sign_in(by_sso, okta)
    sign_in("ada", client=by_password)
    reset = reset_path(ada)
    assert [is_in(by_sso), is_in(by_password), script.send("GET", "me/").status_code] == [True, True, 200]

    disable(ada)

    ada.refresh_from_db()
    assert ada.status == Status.DISABLED
    assert [is_in(by_sso), is_in(by_password), script.send("GET", "me/").status_code] == [False, False, 401]
    assert not APIToken.objects.filter(user=ada).exists()
    assert b"new_password1" not in Client().get(reset, follow=True).content
    again = leave(by_sso, okta)
    answer = again.comes_back(provider, provider.token(nonce=again.wishes["nonce"]))
    assert "Your account is disabled" in answer.content.decode()
    sign_in("ada", client=by_password)
    assert [is_in(by_sso), is_in(by_password)] == [False, False]


def test_what_has_ended_stays_ended_when_the_person_is_enabled_again(
    okta: SSOConnection, provider: OIDCProvider
) -> None:
    make_user("ada", password=PASSWORD)
    ada: User = provision(okta.identity_provider, "ada", external_id="00u1").user
    client, script = Client(), caller(ada)
    provider.sign_in(client, okta)
    by_scim(ada)
    set_mode(scim=False)
    call_command("enable_user", "ada", stdout=StringIO())
    assert (is_in(client), script.send("GET", "me/").status_code) == (False, 401)


def test_an_invitation_dies_with_the_account(client: Client) -> None:
    admin = signed_in(make_administrator())
    admin.post("/admin/identity/user/invite/", {"username": "new", "email": "new@example.test"})
    invited = User.objects.get(username_key="new")
    admin.post(f"/admin/identity/user/{invited.pk}/revoke_invitation/")
    assert not Invitation.objects.exists()


def test_a_sign_in_half_done_ends_as_well(client: Client) -> None:
    """The password was right, the code is still to come."""
    mia = make_user("mia", password=PASSWORD)
    sign_in(client=client)
    secret, _ = set_up(client)
    client.post("/logout/")
    sign_in(client=client)
    by_command(mia)
    answer: Any = client.post("/login/code/", {"code": code_of(secret)})
    assert answer["Location"] == "/login/"
    assert not is_in(client)
