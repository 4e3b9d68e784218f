"""SSO enforced: each way around it is tried and refused (R22, SR-21)."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from identity.models import APIToken, AuditEvent, Status, User
from identity.services import invitations, modes
from portal.account.resets import reset_path
from tests.clients import Script, caller
from tests.factories import (
    PASSWORD,
    administrator,
    make_break_glass,
    make_idp,
    make_owner,
    make_user,
    owner,
    set_mode,
    sign_in_by_sso,
)
from tests.sessions import is_in, sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scim", [True, False])
def test_a_password_opens_the_sign_in_page_only_while_sso_is_optional(client: Client, mia: User, scim: bool) -> None:
    set_mode(scim=scim, sso=True)
    assert "Single sign-on is enforced" in sign_in("mia", client=client).content.decode()
    assert not is_in(client)
    set_mode(scim=scim, sso=False)
    sign_in("mia", client=client)
    assert is_in(client)


def test_the_admin_login_is_the_same_door(client: Client) -> None:
    make_user("adam", role="administrator", password=PASSWORD)
    set_mode(sso=True)
    sign_in("adam", client=client, at="/admin/login/")
    assert client.get("/admin/").status_code == 302


def test_open_password_sessions_end_and_stay_ended(client: Client, mia: User) -> None:
    sign_in("mia", client=client)
    assert is_in(client)
    set_mode(sso=True)
    set_mode(sso=False)
    assert not is_in(client)


def test_no_reset_link_is_sent_and_earlier_ones_are_dead(client: Client, mia: User) -> None:
    earlier = reset_path(mia)
    set_mode(sso=True)
    client.post("/password/reset/", {"name": "mia"})
    assert mail.outbox == []
    page = client.get(earlier, follow=True)
    assert b"new_password1" not in page.content
    set_mode(sso=False)
    assert b"new_password1" not in client.get(earlier, follow=True).content


def test_a_signed_in_person_can_not_change_a_password(client: Client, mia: User) -> None:
    sign_in("mia", client=client)
    set_mode(sso=True)
    client.force_login(User.objects.get(pk=mia.pk))
    assert client.get("/password/change/").status_code == 302
    new = {"old_password": PASSWORD, "new_password1": "another long passphrase", "new_password2": "x"}
    assert client.post("/password/change/", new).status_code == 302
    mia.refresh_from_db()
    assert mia.check_password(PASSWORD)


def test_a_pending_invitation_link_is_closed(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite_user(username="new", email="new@example.test", actor=administrator())
    link = re.search(r"/invitations/\S+/", mail.outbox[0].body)
    assert link is not None
    set_mode(sso=True)
    assert client.get(link[0]).status_code == 404
    client.post(link[0], {"password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(username_key="new").status == Status.INVITED


@pytest.mark.parametrize(
    "path", ["/scim/v2/Users", "/api/v1/users/", "/api/v1/me/", "/admin/", "/profile/", "/admin/identity/user/"]
)
def test_basic_credentials_open_nothing(client: Client, mia: User, path: str) -> None:
    set_mode(sso=True)
    answer = client.get(path, headers={"Authorization": "Basic bWlhOmNvcnJlY3QgaG9yc2U="})
    assert answer.status_code in {200, 302, 401}
    assert "sessionid" not in client.cookies


def test_no_password_leads_to_an_api_token(client: Client, mia: User) -> None:
    """Not in a session that it opened, not as Basic credentials, and not by way of a token made before."""
    sign_in("mia", client=client)
    script = caller(mia)
    set_mode(sso=True)
    body = {"label": "x", "scopes": ["read"]}
    assert Script(client=client).post("api-tokens/", body).status_code in {401, 403}
    basic = f"Basic {b64encode(f'mia:{PASSWORD}'.encode()).decode()}"
    assert Script().post("api-tokens/", body, Authorization=basic).status_code == 401
    assert script.post("api-tokens/", body).status_code == 403
    assert client.get("/profile/api-tokens/new/")["Location"].startswith("/login/")
    assert APIToken.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    ["accounts/login/", "accounts/signup/", "accounts/password/reset/", "sso/signup/", "sso/social/connections/"],
)
def test_allauths_own_pages_are_not_there(client: Client, path: str) -> None:
    assert client.get(f"/{path}").status_code == 404


def test_a_break_glass_account_passes_with_an_event_and_a_mail(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    make_break_glass()
    make_owner()
    set_mode(sso=True)
    with django_capture_on_commit_callbacks(execute=True):
        sign_in("glass", client=client)
    assert AuditEvent.objects.filter(action="user.break_glass_login").exists() == bool(mail.outbox)


def test_it_is_switched_on_by_an_owner_who_came_through_sso_and_off_from_the_server() -> None:
    make_break_glass()
    actor = owner()
    with pytest.raises(Exception, match="Sign in through SSO yourself"):
        modes.set_mode(scim_enabled=True, sso_enforced=True, actor=actor)
    sign_in_by_sso(actor.user, make_idp())
    modes.set_mode(scim_enabled=True, sso_enforced=True, actor=actor)
    from django.core.management import call_command  # noqa: PLC0415

    call_command("set_mode", "--sso", "optional")
    assert not modes.policy.current_mode().sso_enforced


def test_the_sign_in_page_still_names_the_way_in(client: Client) -> None:
    set_mode(sso=True)
    assert b"Single sign-on is enforced here" in client.get(reverse("login")).content
