"""TOTP and recovery codes after a password; break-glass accounts can't do without while SSO is enforced (SR-21)."""

from __future__ import annotations

import re
from html import unescape
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from identity.models import AuditEvent, User
from portal.session.sessions import sessions_of
from portal.session.throttle import CODES_AN_HOUR
from tests import clock
from tests.factories import (
    PASSWORD,
    make_administrator,
    make_break_glass,
    make_owner,
    make_support,
    make_user,
    owner,
    set_mode,
)
from tests.portal.admin_pages import messages_of
from tests.portal.second_steps import FIRST, code_of, set_up, shown
from tests.sessions import is_in, sign_in, signed_in

pytestmark = pytest.mark.django_db

KEEPS = "A break-glass account keeps its second step while SSO is enforced: set up another one first."


def test_a_second_step_is_asked_for_once_it_is_set_up(client: Client, mia: User) -> None:
    sign_in(client=client)
    secret, codes = set_up(client)
    assert len(codes) == 10
    client.post("/logout/")
    answer = sign_in(client=client, next="/profile/?tab=1")
    assert answer["Location"] == "/login/code/"
    assert not is_in(client)
    assert client.post("/login/code/", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post("/login/code/", {"code": code_of(secret)})["Location"] == "/profile/?tab=1"
    assert is_in(client)
    assert AuditEvent.objects.filter(action="user.login", details__method="password and totp").exists()


def test_the_secret_that_somebody_else_saw_in_this_browser_is_not_taken(client: Client, mia: User) -> None:
    """A session goes on from before a sign-in to after it; what was shown to one person is not another's secret."""
    make_break_glass(proven=False)
    set_mode(sso=True)
    sign_in("glass", client=client)
    shown_to_glass = client.get(FIRST).context["secret"]
    set_mode(sso=False)
    sign_in("mia", client=client)
    assert client.get("/profile/second-step/").context["secret"] != shown_to_glass


def test_a_recovery_code_works_once(client: Client, mia: User) -> None:
    sign_in(client=client)
    _, codes = set_up(client)
    for expected in (True, False):
        client.post("/logout/")
        sign_in(client=client)
        client.post("/login/code/", {"code": codes[0]})
        assert is_in(client) is expected


def test_nobody_reaches_the_code_page_without_the_password(client: Client, mia: User) -> None:
    assert client.get("/login/code/")["Location"] == "/login/"
    assert client.post("/login/code/", {"code": "123456"})["Location"] == "/login/"


def test_a_changed_password_or_a_disabled_account_ends_what_was_begun(client: Client, mia: User) -> None:
    sign_in(client=client)
    secret, _ = set_up(client)
    client.post("/logout/")
    sign_in(client=client)
    User.objects.filter(pk=mia.pk).update(credential_epoch=7)
    assert client.post("/login/code/", {"code": code_of(secret)})["Location"] == "/login/"
    assert not is_in(client)


def test_wrong_codes_are_slowed_down(client: Client, mia: User) -> None:
    sign_in(client=client)
    set_up(client)
    client.post("/logout/")
    sign_in(client=client)
    for _ in range(5):
        client.post("/login/code/", {"code": "000000"})
    assert "Too many wrong codes" in client.post("/login/code/", {"code": "000000"}).content.decode()


def test_codes_guessed_from_many_addresses_are_slowed_down_as_well(client: Client, mia: User) -> None:
    """Who guesses codes knows the password; the browsers that the owner has used before are not held up."""
    sign_in(client=client)
    secret, _ = set_up(client)
    client.post("/logout/")
    code_of(secret)
    for number in range(CODES_AN_HOUR):
        thief = Client(REMOTE_ADDR=f"203.0.113.{number}")
        sign_in(client=thief)
        thief.post("/login/code/", {"code": "000000"})
    thief = Client(REMOTE_ADDR="203.0.113.99")
    sign_in(client=thief)
    assert "Too many wrong codes" in thief.post("/login/code/", {"code": shown(secret)}).content.decode()
    sign_in(client=client)
    assert client.post("/login/code/", {"code": shown(secret)}).status_code == 302


def test_a_code_works_once_on_whichever_worker(client: Client, mia: User) -> None:
    sign_in(client=client)
    secret, _ = set_up(client)
    code = code_of(secret)
    answers = []
    for browser in (Client(), Client()):
        sign_in(client=browser)
        answers.append(browser.post("/login/code/", {"code": code}).status_code)
        cache.clear()  # another process knows nothing of allauth's own memory
    assert answers == [302, 200]


def test_a_break_glass_account_sets_one_up_before_anything_opens(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    glass = make_break_glass()
    User.objects.filter(pk=glass.pk).update(email="glass@example.test")
    set_mode(sso=True)
    assert sign_in("glass", client=client)["Location"] == FIRST
    assert not is_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        set_up(client, FIRST)
    assert is_in(client)
    assert glass.has_second_step
    assert AuditEvent.objects.filter(action="user.break_glass_login").count() == 1
    assert [str(message.subject) for message in mail.outbox] == [
        "Your Gatehouse account: Second step set up",
        "A break-glass account was used",
    ]
    client.post("/profile/second-step/remove/")
    assert glass.has_second_step


def test_the_code_that_set_it_up_opens_no_second_session(client: Client, mia: User) -> None:
    sign_in(client=client)
    page = client.get("/profile/second-step/")
    code = shown(page.context["secret"])
    assert client.post("/profile/second-step/", {"code": code}).status_code == 200
    thief = Client()
    sign_in(client=thief)
    answer = thief.post("/login/code/", {"code": code})
    assert "This code is not right" in answer.content.decode()
    assert not is_in(thief)


def test_in_an_emergency_a_break_glass_account_replaces_its_app_and_makes_new_recovery_codes(client: Client) -> None:
    """The phone is lost: a recovery code opens the door, and the page offers what works."""
    make_break_glass()
    sign_in("glass", client=client)
    secret, codes = set_up(client)
    client.post("/logout/")
    set_mode(sso=True)
    sign_in("glass", client=client)
    client.post("/login/code/", {"code": codes[0]})
    profile = client.get("/profile/").content.decode()
    assert "/profile/second-step/replace/" in profile
    assert "/profile/second-step/remove/" not in profile
    assert KEEPS in profile
    assert messages_of(client.get("/profile/second-step/remove/", follow=True)) == [KEEPS]
    another, new_codes = set_up(client, "/profile/second-step/replace/")
    assert (another != secret, len(new_codes)) == (True, 10)
    made = client.post("/profile/second-step/codes/")
    assert "no-store" in made["Cache-Control"]
    newest = re.findall(r'<code class="gh-code">(\d+)</code>', made.content.decode())
    tried = [
        (code_of(secret), False),
        (codes[1], False),
        (new_codes[0], False),
        (code_of(another), True),
        (newest[0], True),
    ]
    for code, expected in tried:
        browser = Client()
        sign_in("glass", client=browser)
        browser.post("/login/code/", {"code": code})
        assert is_in(browser) is expected


def test_who_has_none_replaces_none_and_who_has_one_sets_up_no_other(client: Client, mia: User) -> None:
    sign_in(client=client)
    assert client.get("/profile/second-step/replace/")["Location"] == "/profile/"
    answer = client.post("/profile/second-step/codes/", follow=True)
    assert "There is no second step: set one up first." in answer.content.decode()
    set_up(client)
    assert client.get("/profile/second-step/")["Location"] == "/profile/"


def test_a_break_glass_account_that_was_never_proven_stays_out_while_another_one_can_open(client: Client) -> None:
    """Its password alone, which somebody may have learned, sets no second step up once SSO is enforced."""
    make_break_glass("proven")
    make_break_glass("glass", proven=False)
    set_mode(sso=True)
    assert "or the account can't sign in with a password" in unescape(sign_in("glass", client=client).content.decode())
    assert client.get(FIRST)["Location"] == "/login/"
    set_mode(sso=False)
    sign_in("glass", client=client)
    secret, _ = set_up(client)
    set_mode(sso=True)
    client.post("/logout/")
    assert sign_in("glass", client=client)["Location"] == "/login/code/"
    assert client.post("/login/code/", {"code": code_of(secret)}).status_code == 302


def test_the_operator_forgets_a_lost_second_step(client: Client, mia: User) -> None:
    sign_in(client=client)
    set_up(client)
    call_command("reset_second_factor", "mia", stdout=StringIO())
    client.post("/logout/")
    sign_in(client=client)
    assert is_in(client)


def test_one_that_is_forgotten_while_its_code_is_asked_for_lets_nobody_in_by_it(client: Client, mia: User) -> None:
    sign_in(client=client)
    secret, codes = set_up(client)
    client.post("/logout/")
    sign_in(client=client)
    call_command("reset_second_factor", "mia", stdout=StringIO())
    for code in (code_of(secret), codes[0]):
        client.post("/login/code/", {"code": code})
        assert not is_in(client)


def test_the_drill_page_shows_when_each_account_was_proven(client: Client) -> None:
    make_break_glass(proven=False)
    actor = owner()
    client.force_login(actor.user)
    page = client.get("/admin/break-glass/").content.decode()
    assert "Never" in page
    assert "Drill due" in page
    glass = Client()
    sign_in("glass", client=glass)
    assert "Drill due" in client.get("/admin/break-glass/").content.decode()
    secret, _ = set_up(glass)
    glass.post("/logout/")
    sign_in("glass", client=glass)
    glass.post("/login/code/", {"code": code_of(secret)})
    assert "Drill due" not in client.get("/admin/break-glass/").content.decode()


def test_an_administrator_ends_somebodys_sessions(client: Client, mia: User) -> None:
    sign_in(client=client)
    admin = signed_in(make_administrator())
    admin.post(f"/admin/identity/user/{mia.pk}/end_sessions/")
    assert not is_in(client)
    assert AuditEvent.objects.filter(action="user.sessions_ended", user_id=mia.pk).exists()


def test_people_see_and_end_their_own_sessions(client: Client, mia: User) -> None:
    other = Client()
    sign_in(client=client)
    sign_in(client=other)
    page = client.get("/profile/").content.decode()
    ends = re.findall(r'action="(/profile/sessions/\d+/end/)"', page)
    assert len(ends) == 1
    assert is_in(other)
    client.post(ends[0])
    assert (is_in(other), is_in(client)) == (False, True)


def test_an_administrator_sees_where_somebody_is_signed_in_and_ends_one_of_it(mia: User) -> None:
    laptop = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    phone = Client(
        headers={"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"}
    )
    sign_in(client=laptop)
    sign_in(client=phone)
    adam = make_administrator()
    admin = signed_in(adam)
    page = admin.get(f"/admin/identity/user/{mia.pk}/why/").content.decode()
    assert "Firefox on Linux" in page
    assert "Safari on an iPhone" in page
    lost = next(session for session in sessions_of(mia) if session.browser == "Safari on an iPhone")
    end = f"/admin/identity/user/{mia.pk}/end_session/?session={lost.pk}"
    assert admin.get(end).status_code == 200
    assert is_in(phone)
    admin.post(end)
    assert [is_in(laptop), is_in(phone)] == [True, False]
    event = AuditEvent.objects.get(action="user.session_ended")
    assert (event.user_id, event.actor_id) == (mia.pk, adam.pk)
    assert admin.post(end).status_code == 404


@pytest.mark.parametrize("make", [make_user, make_support])
def test_others_end_nobodys_session(make: Any, mia: User) -> None:
    own = Client()
    sign_in(client=own)
    (session,) = sessions_of(mia)
    somebody = signed_in(make("zoe"))
    somebody.post(f"/admin/identity/user/{mia.pk}/end_session/?session={session.pk}")
    assert is_in(own)


def test_an_administrator_ends_no_session_of_an_owner() -> None:
    olga, own = make_owner(password=PASSWORD), Client()
    sign_in("olga", client=own)
    (session,) = sessions_of(olga)
    answer = signed_in(make_administrator()).post(f"/admin/identity/user/{olga.pk}/end_session/?session={session.pk}")
    assert answer.status_code == 403
    assert is_in(own)


def test_a_session_of_somebody_else_is_not_ended_on_this_persons_page(mia: User) -> None:
    bob, own = make_user("bob", password=PASSWORD), Client()
    sign_in("bob", client=own)
    (session,) = sessions_of(bob)
    signed_in(make_administrator()).post(f"/admin/identity/user/{mia.pk}/end_session/?session={session.pk}")
    assert is_in(own)


def test_looking_at_sessions_writes_nothing(client: Client, mia: User) -> None:
    """SR-24: neither a session that has ended nor one that expired is tidied up by a GET."""
    sign_in()
    with clock.later(minutes=30):
        sign_in(client=client)
        sign_in()
    before = (Session.objects.count(), UserSession.objects.count())
    with clock.later(minutes=61):
        assert client.get("/profile/").content.decode().count("This browser") == 1
        assert len(sessions_of(mia)) == 2
    assert (Session.objects.count(), UserSession.objects.count()) == before


def test_nobody_ends_another_persons_session_from_the_profile(client: Client, mia: User) -> None:
    sign_in(client=client)
    from allauth.usersessions.models import UserSession  # noqa: PLC0415

    stranger = Client()
    make_user("eve", password=PASSWORD)
    sign_in("eve", client=stranger)
    stranger.post(f"/profile/sessions/{UserSession.objects.get(user=mia).pk}/end/")
    assert is_in(client)
