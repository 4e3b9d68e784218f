"""How long sessions last, and what is left of them."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from identity.models import SSOConnection, SSOIdentity, User
from identity.services import deletion, users
from portal.session_store import ANONYMOUS_SECONDS, OPENED, SEEN
from tests.factories import OPERATOR, PASSWORD, make_owner, make_user, set_mode, support
from tests.portal.admin_pages import signed_in
from tests.sso.conftest import OIDCProvider, leave

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


@pytest.fixture
def mia() -> User:
    return make_user("mia", password=PASSWORD)


def enter(client: Client | None = None) -> Client:
    client = client or Client()
    client.post("/login/", {"username": "mia", "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/profile/").status_code == 200)


def seconds_left(client: Client) -> float:
    row = Session.objects.get(session_key=client.session.session_key)
    return (row.expire_date - timezone.now()).total_seconds()


def as_if(client: Client, *, opened: float = 0, seen: float = 0) -> None:
    """The session was opened, and its person last seen, so many seconds ago."""
    session = client.session
    session[OPENED], session[SEEN] = time.time() - opened, time.time() - seen
    session.save()


# --- how long ---


@pytest.mark.usefixtures("mia")
def test_a_session_ends_twelve_hours_after_the_sign_in_whatever_is_saved_in_it() -> None:
    client = enter()
    as_if(client, opened=12 * HOUR - 2 * MINUTE)
    for _ in range(3):
        client.post("/confirm-password/", {"password": PASSWORD})
        client.post("/profile/sessions/end-others/")  # leaves a message
        client.get("/profile/")
        assert seconds_left(client) < 2 * MINUTE + 1
    as_if(client, opened=12 * HOUR + 1)
    assert not is_in(client)


@pytest.mark.usefixtures("mia")
def test_a_page_message_moves_no_end() -> None:
    client = enter()
    as_if(client, opened=HOUR, seen=MINUTE / 2)
    before = Session.objects.get().expire_date
    client.post("/profile/sessions/end-others/")
    client.get("/profile/")
    assert abs(Session.objects.get().expire_date - before) < timedelta(seconds=2)


@pytest.mark.usefixtures("mia")
def test_nor_does_signing_in_once_more() -> None:
    """Twelve hours of one browser, and the password, or the identity provider, is asked for anew."""
    client = enter()
    as_if(client, opened=11 * HOUR)
    client.post("/confirm-password/", {"password": PASSWORD})
    assert time.time() - client.session[OPENED] > 11 * HOUR - 1


@pytest.mark.usefixtures("mia")
def test_an_hour_without_its_person_ends_a_session() -> None:
    client = enter()
    as_if(client, opened=2 * HOUR, seen=HOUR + 1)
    assert not is_in(client)


@pytest.mark.usefixtures("mia")
def test_a_request_of_the_person_keeps_it_and_one_of_the_page_does_not() -> None:
    client = enter()
    as_if(client, opened=2 * HOUR, seen=HOUR - 2 * MINUTE)
    client.get("/profile/", headers={"HX-Request": "true"})
    assert seconds_left(client) < 2 * MINUTE + 1
    client.get("/profile/")
    assert seconds_left(client) > HOUR - MINUTE


@pytest.mark.usefixtures("mia")
def test_the_idle_limit_can_be_switched_off(settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 0
    client = enter()
    as_if(client, opened=11 * HOUR, seen=10 * HOUR)
    assert is_in(client)


@pytest.mark.usefixtures("mia")
def test_the_cookie_ends_with_the_session() -> None:
    client = enter()
    assert client.cookies["sessionid"]["max-age"] == HOUR
    as_if(client, opened=12 * HOUR - 10 * MINUTE, seen=5 * MINUTE)
    client.get("/profile/")
    assert client.cookies["sessionid"]["max-age"] <= 10 * MINUTE


def test_a_session_of_before_the_limits_gets_them(mia: User) -> None:
    client = Client()
    client.force_login(mia)
    session = client.session
    del session[OPENED], session[SEEN]
    Session.objects.update(session_data=session.encode(session._session))
    assert is_in(client)
    assert {OPENED, SEEN} <= set(client.session.keys())


# --- what is left ---


def test_a_sign_in_that_was_only_begun_is_gone_after_half_an_hour(
    client: Client, okta: SSOConnection, provider: OIDCProvider, mia: User
) -> None:
    leave(client, okta)
    client.post("/logout/")  # leaves a message to nobody
    Client().post("/logout/")
    ends = [row.expire_date - timezone.now() for row in Session.objects.all()]
    assert ends
    assert max(ends) <= timedelta(seconds=ANONYMOUS_SECONDS)


@pytest.mark.usefixtures("mia")
def test_expired_sessions_are_swept_up_by_whoever_comes_next() -> None:
    for _ in range(3):
        enter()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    cache.clear()
    Client().post("/logout/")
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 0)


@pytest.mark.usefixtures("mia")
def test_and_by_prune_records() -> None:
    enter()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    for options, said, left in (((), "Would delete 1 sessions", 1), (("--yes",), "Deleted 1 sessions", 0)):
        out = StringIO()
        call_command("prune_records", *options, stdout=out)
        assert said in out.getvalue()
        assert Session.objects.count() == left


def test_a_session_that_opens_nothing_any_more_goes_at_the_next_sign_in(mia: User) -> None:
    """Disabled and enabled again: the old cookie is dead, and so is what its row held."""
    enter()
    users.disable_user(mia, actor=OPERATOR)
    users.enable_user(mia, actor=OPERATOR)
    enter()
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)


def test_a_permanent_deletion_leaves_no_session(
    client: Client, okta: SSOConnection, provider: OIDCProvider, mia: User
) -> None:
    set_mode(scim=False)
    SSOIdentity.objects.create(identity_provider=okta.identity_provider, subject="00u1", user=mia)
    leaving = leave(client, okta)
    leaving.comes_back(provider, provider.token(nonce=leaving.wishes["nonce"]))
    enter()
    bystander = signed_in(make_owner())
    users.disable_user(mia, actor=OPERATOR)
    assert Session.objects.count() == 3
    deletion.delete_permanently(mia, typed_username="mia", reason="asked", actor=support())
    assert [row.session_key for row in Session.objects.all()] == [bystander.session.session_key]
    assert not UserSession.objects.exists()
