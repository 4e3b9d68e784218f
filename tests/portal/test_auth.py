"""Signing in and out, passwords, invitations, the own profile: who gets through which door."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from identity.models import AuditEvent, Invitation, Status, User
from identity.services import invitations, users
from portal.project.shared_cache import cache as shared_cache
from portal.session.auth import reset_tokens
from portal.session.sessions import sessions_of
from portal.session.throttle import PAUSE_SECONDS, TRIES
from tests import clock
from tests.factories import (
    OPERATOR,
    PASSWORD,
    everything,
    make_administrator,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_support,
    make_user,
    provision,
    resend,
    set_mode,
)
from tests.loops import each
from tests.portal.admin_pages import messages_of, text_of
from tests.portal.second_steps import FIRST, set_up
from tests.sessions import is_in, sign_in, signed_in

pytestmark = pytest.mark.django_db

WRONG = "This username and password do not match, or the account can't sign in with a password."
ENFORCED = "Single sign-on is enforced: sign in through your identity provider."
NEW_PASSWORD = "seven purple lanterns"


def make_mia(**columns: Any) -> User:
    return make_user("mia", password=PASSWORD, **columns)


# --- sign-in ---


@pytest.mark.parametrize("name", ["mia", "MIA", " mia ", "mia@example.test", "Mia@Example.Test"])
def test_username_or_email_and_the_password_let_in(name: str) -> None:
    mia = make_mia()
    client = Client()
    answer = sign_in(name, client=client)
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    assert is_in(client)
    mia.refresh_from_db()
    assert mia.last_active is not None
    event = AuditEvent.objects.get()
    assert (event.action, event.user_id, event.details) == ("user.login", mia.pk, {"method": "password"})


def test_a_username_that_is_somebody_elses_email_means_the_username() -> None:
    make_user("mia@example.test", email="other@example.test", password=PASSWORD)
    make_user("mia", password=NEW_PASSWORD)
    client = Client()
    sign_in("mia@example.test", client=client)
    assert client.session["_auth_user_id"] == str(User.objects.get(username="mia@example.test").pk)


def test_the_session_key_changes_at_sign_in() -> None:
    make_mia()
    client = Client()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    sign_in(client=client)
    assert client.session.session_key != session.session_key
    assert not type(session)().exists(session.session_key)


@pytest.mark.parametrize(("name", "password"), [("mia", "wrong"), ("nobody", PASSWORD), ("a", "b")])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(name: str, password: str) -> None:
    make_mia()
    answer = sign_in(name, password)
    assert answer.status_code == 200
    assert WRONG in text_of(answer)
    assert not AuditEvent.objects.exclude(action__startswith="sign_in.").exists()


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "'; --", "%", "\u202emia"])
def test_nonsense_as_a_name_is_never_a_server_error(name: str) -> None:
    assert sign_in(name).status_code == 200


def test_a_user_without_a_password_cannot_sign_in_with_one() -> None:
    make_user("mia", password=None)
    assert WRONG in text_of(sign_in("mia", "anything"))


def test_an_identity_providers_user_cannot_sign_in_with_a_password() -> None:
    provision(make_idp(), "ada")
    assert WRONG in text_of(sign_in("ada", "anything"))


# Who types what, at a sign-in page that opens for nobody of them; the mode is told to everybody on the page itself.
TURNED_AWAY: dict[str, tuple[str, str]] = {
    "an unknown name": ("nobody", PASSWORD),
    "a wrong password": ("mia", "wrong"),
    "a disabled account, wrong": ("dan", "wrong"),
    "a disabled account, right": ("dan", PASSWORD),
    "an invited account": ("ivy", PASSWORD),
    "an account without a password": ("ada", PASSWORD),
    "SSO enforced, wrong": ("mia", "wrong"),
    "SSO enforced, right": ("mia", PASSWORD),
    "SSO enforced, disabled": ("dan", PASSWORD),
    "a break-glass account that was never proven, wrong": ("spare", "wrong"),
    "a break-glass account that was never proven, right": ("spare", PASSWORD),
}


@pytest.fixture
def everybody() -> None:
    make_mia()
    make_user("dan", status=Status.DISABLED, password=PASSWORD)
    make_user("ivy", status=Status.INVITED, password=PASSWORD)
    make_user("ada", password=None)
    make_break_glass("glass")
    make_break_glass("spare", proven=False)


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize("sso", [False, True])
def test_who_is_turned_away_learns_nothing_from_the_page(sso: bool) -> None:
    """Not whether the password was right, nor that there is such an account."""
    set_mode(sso=sso)
    told, left = set(), set()
    for name, password in _turned_away(sso):
        client = Client()
        answer = sign_in(name, password, client=client)
        page = re.sub(r'value="[^"]*"', "", answer.content.decode())
        told.add((answer.status_code, page))
        left.add(tuple(sorted(client.session.keys())))
        assert not is_in(client)
    assert (len(told), left) == (1, {()})
    assert WRONG in unescape(told.pop()[1])


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize("sso", [False, True])
def test_who_is_turned_away_learns_nothing_from_the_time_or_the_tries_left(
    sso: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash for each try, and a try that is used up, whatever is true of the account and the password."""
    set_mode(sso=sso)
    hashes = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: hashes.append(1) or encode(self, *args))
    for name, password in each(_turned_away(sso), at_least=5):
        shared_cache.clear()
        hashes.clear()
        for _ in range(TRIES):
            sign_in(name, password)
        assert len(hashes) == TRIES
        assert "Too many wrong passwords." in text_of(sign_in(name, password))


def _turned_away(sso: bool) -> list[tuple[str, str]]:
    closed = {what: who for what, who in TURNED_AWAY.items() if sso or not what.startswith(("SSO", "a break-glass"))}
    return list(closed.values())


def test_sr20_signing_in_enables_nobody() -> None:
    make_mia(status=Status.DISABLED)
    assert WRONG in text_of(sign_in())
    assert User.objects.get().status == Status.DISABLED


@pytest.mark.usefixtures("everybody")
def test_the_confirmation_does_not_tell_a_closed_door_from_a_wrong_password() -> None:
    """Nor does the page at which somebody confirms who they are, in an SSO session while SSO is enforced."""
    ada = provision(make_idp(), "alan").user
    User.objects.filter(pk=ada.pk).update(password=make_password(PASSWORD))
    ada.refresh_from_db()
    ada.signed_in_by_sso = True
    client = Client()
    client.force_login(ada, backend="portal.session.auth.SSOBackend")
    set_mode(sso=True)
    told = {text_of(client.post("/confirm-password/", {"password": password})) for password in ("wrong", PASSWORD)}
    assert len(told) == 1


def test_r22_a_break_glass_account_passes_and_leaves_an_event_and_mails(
    django_capture_on_commit_callbacks: Any,
) -> None:
    glass = make_break_glass()
    make_administrator()
    set_mode(sso=True)
    client = Client()
    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in("glass", client=client)["Location"] == FIRST
        set_up(client, FIRST)
    assert client.get("/admin/identity/user/").status_code == 200
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.user_id) == ("user.break_glass_login", glass.pk)
    told = [message.to[0] for message in mail.outbox if "break-glass" in str(message.subject)]
    assert sorted(told) == ["adam@example.test", "glass@example.test"]


def test_after_five_wrong_passwords_there_is_a_pause_even_for_the_right_one() -> None:
    make_mia()
    for _ in range(TRIES):
        assert WRONG in text_of(sign_in(password="wrong"))
    assert "Too many wrong passwords." in text_of(sign_in())
    assert PAUSE_SECONDS == 60


def test_somebody_elses_guesses_from_another_address_lock_nobody_out() -> None:
    make_mia()
    for _ in range(TRIES):
        sign_in(password="wrong", client=Client(REMOTE_ADDR="203.0.113.9"))
    assert sign_in()["Location"] == "/profile/"


def test_guesses_through_the_same_proxy_do_not_lock_the_owners_browser_out() -> None:
    """A browser that somebody has signed in with has tries of its own, whatever comes from its address."""
    make_mia()
    own = Client()
    sign_in(client=own)
    own.post("/logout/")
    for _ in range(TRIES):
        sign_in(password="wrong")
    assert "Too many wrong passwords." in text_of(sign_in())
    assert sign_in(client=own)["Location"] == "/profile/"


def test_the_cookie_of_a_known_browser_opens_nothing_and_can_not_be_made_up() -> None:
    make_mia()
    make_user("bob", password=PASSWORD)
    own = Client()
    sign_in(client=own)
    cookie = own.cookies["known-browser"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    stranger = Client()
    stranger.cookies["known-browser"] = cookie.value
    assert stranger.get("/profile/").status_code == 302
    for _ in range(TRIES):
        sign_in("bob", "wrong", client=stranger)
    assert "Too many wrong passwords." in text_of(sign_in("bob", client=stranger))
    for value in ("", "x", cookie.value[:-2]):
        stranger.cookies["known-browser"] = value
        assert "Too many wrong passwords." in text_of(sign_in("bob", client=stranger))


def test_the_right_password_forgets_the_wrong_ones() -> None:
    make_mia()
    for _ in range(3):
        for _ in range(TRIES - 1):
            sign_in(password="wrong")
        assert sign_in().status_code == 302


def test_signing_in_without_the_csrf_token_is_refused() -> None:
    make_mia()
    assert sign_in(client=Client(enforce_csrf_checks=True)).status_code == 403


# --- where sign-in leads ---


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "http:evil.test", ""]
)
def test_sr31_sign_in_never_leads_to_another_site(target: str) -> None:
    make_mia()
    assert sign_in(next=target)["Location"] == "/profile/"


def test_sign_in_leads_to_the_page_that_was_asked_for() -> None:
    make_administrator(password=PASSWORD)
    client = Client()
    asked = client.get("/admin/identity/user/?status=disabled", follow=True)
    target = asked.context["next"]
    answer = sign_in("adam", client=client, next=target)
    assert answer["Location"] == "/admin/identity/user/?status=disabled"


def test_who_is_in_already_is_led_on() -> None:
    assert signed_in(make_mia()).get("/login/")["Location"] == "/profile/"
    assert signed_in(make_support()).get("/login/")["Location"] == "/admin/"


@pytest.mark.parametrize("url", ["/admin/", "/admin/identity/user/", "/admin/identity/group/", "/admin/login/"])
def test_members_are_kept_out_of_the_admin_pages(url: str) -> None:
    answer = signed_in(make_mia()).get(url, follow=True)
    assert answer.request["PATH_INFO"] == "/profile/"
    assert sign_in(next="/admin/")["Location"] == "/profile/"


@pytest.mark.parametrize("url", ["/profile/", "/password/change/", "/confirm-password/", "/admin/"])
def test_strangers_are_sent_to_the_sign_in_page(url: str) -> None:
    answer = Client().get(url, follow=True)
    assert answer.request["PATH_INFO"] == "/login/"


# --- the end of a session ---


def test_sr24_signing_out_is_by_post_only() -> None:
    client = signed_in(make_mia())
    assert client.get("/logout/").status_code == 405
    assert is_in(client)
    assert messages_of(client.post("/logout/", follow=True)) == ["You have signed out."]
    assert not is_in(client)


def test_the_admin_logout_is_by_post_only() -> None:
    client = signed_in(make_administrator())
    assert client.get("/admin/logout/").status_code == 405
    client.post("/admin/logout/")
    assert client.get("/admin/").status_code == 302


def disable_by_hand(user: User) -> None:
    users.disable_user(user, actor=OPERATOR)


def demote(user: User) -> None:
    User.objects.filter(pk=user.pk).update(role="member")


def test_sr22_an_old_cookie_is_dead_after_disable_and_stays_dead_after_enable() -> None:
    mia = make_mia()
    client = Client()
    sign_in(client=client)
    disable_by_hand(mia)
    assert not is_in(client)
    users.enable_user(mia, actor=OPERATOR)
    assert not is_in(client)


def test_sr22_a_session_is_dead_while_its_user_is_disabled_however_that_came() -> None:
    """The second line: by hand in the database, say, where nothing ends the session."""
    mia = make_mia()
    client = Client()
    sign_in(client=client)
    assert is_in(client)
    User.objects.filter(pk=mia.pk).update(status=Status.DISABLED)
    assert not is_in(client)


def test_r13_an_old_cookie_is_dead_after_the_idp_deactivates() -> None:
    sso_user = provision(make_idp(), "ada")
    client = signed_in(sso_user.user)
    assert is_in(client)
    resend(sso_user, active=False)
    assert not is_in(client)


def test_an_administrator_who_is_made_a_member_is_out_of_the_admin_pages_at_once() -> None:
    adam = make_administrator()
    client = signed_in(adam)
    assert client.get("/admin/identity/user/").status_code == 200
    demote(adam)
    assert client.get("/admin/identity/user/").status_code == 302


# --- a fresh sign-in ---


def test_sr11_a_sensitive_page_asks_for_the_password_once_more() -> None:
    adam = make_administrator(password=PASSWORD)
    client = signed_in(adam, fresh=False)
    page = f"/admin/identity/identityprovider/{make_idp().pk}/create_token/"
    asked = client.get(page)
    assert asked["Location"] == f"/confirm-password/?next={page.replace('/', '%2F')}"
    wrong = client.post("/confirm-password/", {"password": "wrong", "next": page})
    assert "This is not your password." in text_of(wrong)
    right = client.post("/confirm-password/", {"password": PASSWORD, "next": page})
    assert right["Location"] == page
    assert client.get(page).status_code == 200


def test_a_fresh_sign_in_ages() -> None:
    client = signed_in(make_administrator())
    page = f"/admin/identity/identityprovider/{make_idp().pk}/create_token/"
    with clock.later(minutes=9, seconds=59):
        assert client.get(page).status_code == 200
    with clock.later(minutes=10, seconds=1):
        assert client.get(page).status_code == 302


def test_guessing_at_the_confirmation_is_slowed_down_too() -> None:
    client = signed_in(make_mia())
    for _ in range(TRIES):
        client.post("/confirm-password/", {"password": "wrong"})
    assert "Too many wrong passwords." in text_of(client.post("/confirm-password/", {"password": PASSWORD}))


def test_the_confirmation_never_leads_to_another_site() -> None:
    client = signed_in(make_mia())
    answer = client.post("/confirm-password/", {"password": PASSWORD, "next": "https://evil.test/"})
    assert answer["Location"] == "/profile/"


# --- a forgotten password ---


@pytest.fixture
def ask(django_capture_on_commit_callbacks: Any) -> Callable[[str], HttpResponse]:
    """Ask for a reset link; mails go out."""

    def ask(name: str) -> HttpResponse:
        with django_capture_on_commit_callbacks(execute=True):
            return Client().post("/password/reset/", {"name": name}, follow=True)

    return ask


def link_in_mail() -> str:
    found = re.search(r"https?://[^/\s]+(/password/reset/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def open_link(link: str, password: str = NEW_PASSWORD) -> tuple[HttpResponse, HttpResponse | None]:
    """The page behind the link, and the answer to a new password when it has a form."""
    client = Client()
    page = client.get(link, follow=True)
    if "new_password1" not in page.content.decode():
        return page, None
    form = {"new_password1": password, "new_password2": password}
    return page, client.post(page.request["PATH_INFO"], form)


def test_a_reset_link_changes_the_password_once_and_ends_sessions(ask: Callable[[str], HttpResponse]) -> None:
    mia = make_mia()
    theirs = signed_in(mia)
    ask("MIA@example.test")
    assert [message.to for message in mail.outbox] == [["mia@example.test"]]
    link = link_in_mail()
    _, answer = open_link(link)
    assert answer is not None
    assert answer["Location"] == "/login/"
    mia.refresh_from_db()
    assert mia.check_password(NEW_PASSWORD)
    assert not is_in(theirs)
    assert open_link(link)[1] is None
    assert "This link has been used or has expired." in text_of(open_link(link)[0])


def test_a_reset_link_does_not_sign_in(ask: Callable[[str], HttpResponse]) -> None:
    make_mia()
    ask("mia")
    client = Client()
    client.get(link_in_mail(), follow=True)
    assert not is_in(client)


def test_the_answer_is_the_same_whoever_was_named(ask: Callable[[str], HttpResponse]) -> None:
    make_mia()
    make_user("dan", status=Status.DISABLED, password=PASSWORD)
    provision(make_idp(), "ada")
    answers = {text_of(ask(name)) for name in ("mia", "dan", "ada", "nobody", "x@y.test")}
    assert len(answers) == 1
    assert [message.to for message in mail.outbox] == [["mia@example.test"]]


def test_r22_a_reset_never_makes_a_password_for_somebody_without_one(ask: Callable[[str], HttpResponse]) -> None:
    ada = provision(make_idp(), "ada").user
    ask("ada")
    assert not mail.outbox
    forged = (urlsafe_base64_encode(force_bytes(ada.pk)), reset_tokens.make_token(ada))
    assert open_link(reverse("password_reset_confirm", args=forged))[1] is None


def raise_epoch(mia: User) -> None:
    disable_by_hand(mia)
    users.enable_user(mia, actor=OPERATOR)


def change_password(mia: User) -> None:
    users.set_password(mia, "another long passphrase", actor=OPERATOR)


def enforce(mia: User) -> None:
    set_mode(sso=True)


def disable_in_the_database(mia: User) -> None:
    User.objects.filter(pk=mia.pk).update(status=Status.DISABLED)


@pytest.mark.parametrize("event", [disable_by_hand, disable_in_the_database, raise_epoch, change_password, enforce])
def test_r13_reset_links_die_with_what_they_would_replace(
    ask: Callable[[str], HttpResponse], event: Callable[[User], None]
) -> None:
    mia = make_mia()
    ask("mia")
    event(mia)
    before = User.objects.get(pk=mia.pk).password
    assert open_link(link_in_mail())[1] is None
    assert User.objects.get(pk=mia.pk).password == before


def test_r22_no_reset_link_is_sent_while_sso_is_enforced_but_to_break_glass_accounts(
    ask: Callable[[str], HttpResponse],
) -> None:
    make_mia()
    make_break_glass()
    set_mode(sso=True)
    for name in ("mia", "glass"):
        ask(name)
    assert [message.to for message in mail.outbox] == [["glass@example.test"]]


def test_reset_mails_fill_nobodys_mailbox(ask: Callable[[str], HttpResponse]) -> None:
    make_mia()
    for _ in range(5):
        ask("mia")
    assert len(mail.outbox) == 1


def test_a_weak_new_password_is_refused_in_words(ask: Callable[[str], HttpResponse]) -> None:
    mia = make_mia()
    ask("mia")
    _, answer = open_link(link_in_mail(), "123")
    assert answer is not None
    assert "Use at least 12 characters." in text_of(answer)
    mia.refresh_from_db()
    assert mia.check_password(PASSWORD)


# --- changing the own password ---


def test_changing_the_password_keeps_this_session_and_ends_the_others() -> None:
    mia = make_mia()
    here, there = signed_in(mia), signed_in(mia)
    form = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert here.post("/password/change/", form)["Location"] == "/profile/"
    assert (is_in(here), is_in(there)) == (True, False)
    mia.refresh_from_db()
    assert mia.check_password(NEW_PASSWORD)


def test_the_old_password_is_needed_to_change_it() -> None:
    mia = make_mia()
    form = {"old_password": "wrong", "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert signed_in(mia).post("/password/change/", form).status_code == 200
    mia.refresh_from_db()
    assert mia.check_password(PASSWORD)


def test_r22_nobody_without_a_password_gets_one_by_changing_it() -> None:
    ada = provision(make_idp(), "ada").user
    answer = signed_in(ada).post("/password/change/", {"new_password1": NEW_PASSWORD}, follow=True)
    assert messages_of(answer) == ["This account has no password: sign in through your identity provider."]
    ada.refresh_from_db()
    assert not ada.has_usable_password()


# --- invitations ---


@pytest.fixture
def secret(django_capture_on_commit_callbacks: Any) -> str:
    """The secret in the link that ivy got."""
    with django_capture_on_commit_callbacks(execute=True):
        invitations.invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
    assert found
    return found[1]


def accept(secret: str, password: str = NEW_PASSWORD, repeated: str | None = None) -> HttpResponse:
    form = {"password": password, "repeated": password if repeated is None else repeated}
    return Client().post(f"/invitations/{secret}/", form)


def test_sr23_an_invitation_is_accepted_and_lets_in(secret: str) -> None:
    assert "as ivy (ivy@example.test)" in text_of(Client().get(f"/invitations/{secret}/"))
    assert accept(secret)["Location"] == "/profile/"
    ivy = User.objects.get(username="ivy")
    assert (ivy.status, ivy.check_password(NEW_PASSWORD)) == (Status.ENABLED, True)
    assert sign_in("ivy", NEW_PASSWORD).status_code == 302


def test_sr23_an_invitation_works_once(secret: str) -> None:
    accept(secret)
    for answer in (Client().get(f"/invitations/{secret}/"), accept(secret, "another long passphrase")):
        assert answer.status_code == 404
        assert "This invitation has been used, withdrawn or has expired." in text_of(answer)
    assert User.objects.get(username="ivy").check_password(NEW_PASSWORD)


def test_sr23_an_expired_invitation_is_closed(secret: str) -> None:
    invitation = Invitation.objects.get()
    invitation.expires_at = invitation.created_at
    invitation.save()
    assert accept(secret).status_code == 404
    assert User.objects.get(username="ivy").status == Status.INVITED


def test_r22_an_invitation_is_closed_while_sso_is_enforced(secret: str) -> None:
    set_mode(sso=True)
    for answer in (Client().get(f"/invitations/{secret}/"), accept(secret)):
        assert answer.status_code == 404
        assert ENFORCED in text_of(answer)
    assert User.objects.get(username="ivy").status == Status.INVITED


def test_r5_an_invitation_dies_when_the_idp_provisions_the_person(secret: str) -> None:
    provision(make_idp(), "ivy")
    assert accept(secret).status_code == 404
    assert not User.objects.get(username="ivy").has_usable_password()


@pytest.mark.parametrize(
    ("password", "repeated", "sentence"),
    [
        ("123", "123", "Use at least 12 characters."),
        (NEW_PASSWORD, "other", "The two passwords are not the same."),
        ("", "", "required"),
    ],
)
def test_a_first_password_that_cannot_be_is_refused_in_words(
    secret: str, password: str, repeated: str, sentence: str
) -> None:
    assert sentence in text_of(accept(secret, password, repeated))
    assert User.objects.get(username="ivy").status == Status.INVITED


def test_opening_links_changes_nothing(secret: str) -> None:
    before = everything()
    Client().get(f"/invitations/{secret}/")
    assert everything() == before


def test_a_wrong_secret_is_404() -> None:
    assert Client().get("/invitations/nothing/").status_code == 404
    assert accept("nothing").status_code == 404


# --- the own profile ---


def test_a_member_sees_the_own_profile_groups_and_assets() -> None:
    mia = make_mia(first_name="Mia", last_name="Wong")
    make_group("Readers", mia)
    make_asset(mia, "Wiki")
    page = text_of(signed_in(mia).get("/profile/"))
    for words in ("Mia Wong", "mia@example.test", "Enabled", "Member", "Readers", "Wiki", "Change your password"):
        assert words in page
    assert "Administration" not in page


def test_a_managed_member_is_offered_no_password() -> None:
    page = text_of(signed_in(provision(make_idp(), "ada").user).get("/profile/"))
    assert "Managed by Okta" in page
    assert "Change your password" not in page


def test_the_profile_is_read_only() -> None:
    mia = make_mia()
    client = signed_in(mia)
    assert client.post("/profile/", {"first_name": "Root", "role": "owner"}).status_code == 405
    assert client.get("/profile/")["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_who_was_signed_in_before_an_upgrade_stays_so(client: Client) -> None:
    """The class that signed somebody in has had another name, which their session remembers."""
    client.force_login(make_administrator(), backend="portal.session.auth.PasswordBackend")
    session = client.session
    session[BACKEND_SESSION_KEY] = "portal.auth.PasswordBackend"
    session.save()
    assert client.get("/admin/").status_code == 200
    session[BACKEND_SESSION_KEY] = "portal.auth.AnotherBackend"
    session.save()
    assert client.get("/admin/").status_code == 302


def test_where_somebody_signed_in_by_sso_before_an_upgrade_is_told() -> None:
    ada = provision(make_idp(), "ada").user
    ada.signed_in_by_sso = True
    client = Client()
    client.force_login(ada, backend="portal.session.auth.SSOBackend")
    session = client.session
    session[BACKEND_SESSION_KEY] = "portal.auth.SSOBackend"
    session.save()
    UserSession.objects.get_or_create(user=ada, session_key=session.session_key, ip="192.0.2.1", user_agent="")
    assert [one.key for one in sessions_of(ada)] == [session.session_key]
    session[BACKEND_SESSION_KEY] = "portal.auth.AnotherBackend"
    session.save()
    assert sessions_of(ada) == []
