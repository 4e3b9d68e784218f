"""How long sessions last, and what is left of them."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from identity.models import SSOConnection, SSOIdentity, User
from identity.services import deletion, users
from portal.session.store import ANONYMOUS_SECONDS, OPENED, SEEN
from tests import clock
from tests.factories import OPERATOR, PASSWORD, make_owner, make_user, set_mode, support
from tests.interruptions import after
from tests.portal.shell import run
from tests.sessions import entered, is_in, sign_in, signed_in
from tests.sso.conftest import OIDCProvider, leave

pytestmark = pytest.mark.django_db

MINUTE, HOUR = 60, 3600


def seconds_left(client: Client) -> float:
    row = Session.objects.get(session_key=client.session.session_key)
    return (row.expire_date - timezone.now()).total_seconds()


def come_by(client: Client, *, hours: int = 0, minutes: int = 0) -> None:
    """Its person is here every half hour for so long."""
    for passed in range(30, 60 * hours + minutes + 1, 30):
        with clock.later(minutes=passed):
            assert is_in(client)


# --- how long ---


@pytest.mark.usefixtures("mia")
def test_a_session_ends_twelve_hours_after_the_sign_in_whatever_is_saved_in_it() -> None:
    client = entered()
    come_by(client, hours=11, minutes=30)
    with clock.later(hours=11, minutes=58):
        for _ in range(3):
            client.post("/confirm-password/", {"password": PASSWORD})
            client.post("/profile/sessions/end-others/")  # leaves a message
            client.get("/profile/")
            assert seconds_left(client) < 2 * MINUTE + 1
    with clock.later(hours=12, seconds=1):
        assert not is_in(client)


@pytest.mark.usefixtures("mia")
def test_a_page_message_moves_no_end() -> None:
    client = entered()
    before = Session.objects.get().expire_date
    with clock.later(seconds=30):
        client.post("/profile/sessions/end-others/")
        client.get("/profile/")
    assert abs(Session.objects.get().expire_date - before) < timedelta(seconds=2)


@pytest.mark.usefixtures("mia")
def test_nor_does_signing_in_once_more() -> None:
    """Twelve hours of one browser, and the password, or the identity provider, is asked for anew."""
    client = entered()
    come_by(client, hours=11)
    with clock.later(hours=11, minutes=1):
        client.post("/confirm-password/", {"password": PASSWORD})
        assert seconds_left(client) < HOUR - MINUTE + 1


@pytest.mark.usefixtures("mia")
def test_an_hour_without_its_person_ends_a_session() -> None:
    client = entered()
    come_by(client, hours=1)
    with clock.later(hours=2, seconds=1):
        assert not is_in(client)


@pytest.mark.usefixtures("mia")
def test_a_request_of_the_person_keeps_it_and_one_of_the_page_does_not() -> None:
    client = entered()
    come_by(client, hours=1)
    with clock.later(hours=1, minutes=58):
        client.get("/profile/", headers={"HX-Request": "true"})
        assert seconds_left(client) < 2 * MINUTE + 1
        client.get("/profile/")
        assert seconds_left(client) > HOUR - MINUTE


@pytest.mark.usefixtures("mia")
def test_the_idle_limit_can_be_switched_off(settings: Any) -> None:
    settings.SESSION_IDLE_SECONDS = 0
    client = entered()
    with clock.later(hours=11):
        assert is_in(client)


@pytest.mark.usefixtures("mia")
def test_the_cookie_ends_with_the_session() -> None:
    client = entered()
    assert client.cookies["sessionid"]["max-age"] == HOUR
    come_by(client, hours=11, minutes=30)
    with clock.later(hours=11, minutes=50):
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
def test_expired_sessions_are_swept_up_when_it_is_due() -> None:
    for _ in range(3):
        entered()
    with clock.later(hours=1, seconds=1):
        Client().post("/logout/")
        run("run_scheduled_job", "sessions")
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 0)


@pytest.mark.usefixtures("mia")
def test_and_by_prune_records() -> None:
    entered()
    for options, said, left in (((), "Would delete 1 sessions", 1), (("--yes",), "Deleted 1 sessions", 0)):
        out = StringIO()
        with clock.later(hours=1, seconds=1):
            call_command("prune_records", *options, stdout=out)
        assert said in out.getvalue()
        assert Session.objects.count() == left


def test_a_session_that_opens_nothing_any_more_goes_at_the_next_sign_in(mia: User) -> None:
    """Disabled and enabled again: the old cookie is dead, and so is what its row held."""
    entered()
    users.disable_user(mia, actor=OPERATOR)
    users.enable_user(mia, actor=OPERATOR)
    entered()
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)


def test_a_permanent_deletion_leaves_no_session(
    client: Client, okta: SSOConnection, provider: OIDCProvider, mia: User
) -> None:
    set_mode(scim=False)
    SSOIdentity.objects.create(identity_provider=okta.identity_provider, subject="00u1", user=mia)
    provider.sign_in(client, okta)
    entered()
    bystander = signed_in(make_owner())
    users.disable_user(mia, actor=OPERATOR)
    assert Session.objects.count() == 3
    deletion.delete_permanently(mia, typed_username="mia", reason="asked", actor=support())
    assert [row.session_key for row in Session.objects.all()] == [bystander.session.session_key]
    assert not UserSession.objects.exists()


@pytest.mark.parametrize("ended", ["/profile/", "/profile/api-tokens/"])
def test_a_session_that_ends_during_a_request_answers_it_and_is_over(ended: str) -> None:
    client = signed_in(make_user("mia"))
    with clock.later(minutes=2), after('FROM "identity_user"', lambda: Session.objects.all().delete()):
        answer = client.get(ended)
    assert answer.status_code == 200
    assert not is_in(client)


def test_who_is_signed_out_elsewhere_while_signing_in_is_asked_again() -> None:
    make_user("mia", password=PASSWORD)
    client = Client()
    with after('INSERT INTO "usersessions_usersession"', lambda: Session.objects.all().delete()):
        assert sign_in("mia", client=client).status_code == 302
    assert not is_in(client)
    sign_in("mia", client=client)
    assert is_in(client)
