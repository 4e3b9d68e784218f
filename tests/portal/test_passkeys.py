"""Signing in with a passkey, alone and after the password, and the pages on which people keep theirs (SR-21, R22)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django.core.management import call_command
from django.test import Client

from identity.models import AuditEvent, Passkey, RecoveryCode, Status, User
from identity.safeguards import second_steps
from portal.session import throttle
from portal.session.passkeys import _SALT, COOKIE, TABS
from portal.session.throttle import ADDRESS_TRIES_AN_HOUR, TRIES
from tests import clock
from tests.authenticator import Authenticator, b64
from tests.factories import PASSWORD, everything, make_break_glass, make_user, set_mode
from tests.passkeys import NEW, add, ask, at_localhost, make_passkey, portal_at, send, sign
from tests.portal.admin_pages import messages_of
from tests.sessions import check_that_it_renews, is_in, set_fresh, sign_in, signed_in

pytestmark = pytest.mark.django_db

SIGN_IN, SECOND_STEP, CONFIRM = "/login/passkey/", "/login/code/passkey/", "/confirm-password/passkey/"
FIRST = "/login/add-passkey/"


_address = at_localhost


@pytest.fixture
def device(mia: User) -> Authenticator:
    """The one that has mia's passkey."""
    device = Authenticator()
    make_passkey(mia, device)
    return device


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


def events(family: str = "sign_in") -> list[tuple[str, int | None]]:
    found = AuditEvent.objects.filter(action__startswith=f"{family}.").order_by("id")
    return list(found.values_list("action", "user_id"))


# --- alone ---


def test_a_passkey_signs_in_without_a_name_or_a_password(client: Client, mia: User, device: Authenticator) -> None:
    assert "Sign in with a passkey" in text_of(client.get("/login/"))
    answer = sign(client, device, next="/profile/?tab=1")
    assert (answer.status_code, answer["Location"]) == (302, "/profile/?tab=1")
    assert "with a passkey" in text_of(client.get("/profile/"))
    event = AuditEvent.objects.get(action="user.login")
    assert (event.user_id, event.details) == (mia.pk, {"method": "passkey"})
    assert Passkey.objects.get().last_used_at is not None


def test_it_leads_to_no_other_site(client: Client, device: Authenticator) -> None:
    assert sign(client, device, next="https://evil.example/")["Location"] == "/profile/"


def test_a_break_glass_account_is_proven_by_its_passkey_while_sso_is_enforced(client: Client) -> None:
    glass = make_break_glass(proven=False)
    make_passkey(glass, device := Authenticator())
    set_mode(sso=True)
    assert "Sign in with a passkey" in text_of(client.get("/login/"))
    assert sign(client, device).status_code == 302
    glass.refresh_from_db()
    assert is_in(client)
    assert glass.last_proven is not None
    assert [action for action, _ in events("user")][-1] == "user.break_glass_login"


def test_a_break_glass_account_may_begin_with_a_passkey_before_anything_opens(client: Client) -> None:
    glass = make_break_glass()
    set_mode(sso=True)
    assert "Add a passkey instead" in text_of(client.get(sign_in("glass", client=client)["Location"]))
    assert "authenticator app instead" in text_of(client.get(FIRST))
    shown = send(client, FIRST, (device := Authenticator()).make(ask(client, FIRST)), name="Key")
    assert len(re.findall(r'<code class="gh-code">(\d+)</code>', text_of(shown))) == 10
    assert is_in(client)
    assert AuditEvent.objects.get(action="user.break_glass_login").details == {"method": "password and passkey"}
    assert sign(Client(), device).status_code == 302
    sign_in("glass", client=(thief := Client()))
    assert thief.get(FIRST)["Location"] == "/login/code/"
    assert thief.post(f"{FIRST}question/").status_code == 403
    assert glass.passkeys.count() == 1


def test_a_password_alone_adds_none_while_another_account_can_open(client: Client) -> None:
    make_break_glass("proven")
    make_break_glass("glass", proven=False)
    sign_in("glass", client=client)  # its session is one of before
    set_mode(sso=True)
    sign_in("glass", client=(thief := Client()))
    for browser in (client, thief):
        assert browser.get(FIRST)["Location"] == "/login/"
        assert browser.post(f"{FIRST}question/").status_code == 403
        assert send(browser, FIRST, "{}", name="Key")["Location"] == "/login/"


def test_with_sso_enforced_nobody_else_comes_in_by_one_and_its_sessions_end(
    client: Client, mia: User, device: Authenticator
) -> None:
    sign(client, device)
    assert is_in(client)
    set_mode(sso=True)
    assert not is_in(client)
    answer = sign(Client(), device)
    assert answer.status_code == 400
    assert "Single sign-on is enforced" in text_of(answer)
    assert events() == [("sign_in.refused", mia.pk)]


def test_who_is_disabled_stays_out(client: Client, mia: User, device: Authenticator) -> None:
    User.objects.filter(pk=mia.pk).update(status=Status.DISABLED)
    answer = sign(client, device)
    assert (answer.status_code, is_in(client)) == (400, False)
    assert "Your account is disabled" in text_of(answer)
    assert events() == [("sign_in.refused", mia.pk)]


def test_who_is_signed_in_already_is_led_on(client: Client, mia: User, device: Authenticator) -> None:
    """Nobody's session is switched to another person's."""
    eves = signed_in(make_user("eve", password=PASSWORD))
    assert sign(eves, device)["Location"] == "/profile/"
    assert eves.get("/profile/").context["user"].username == "eve"


def test_the_session_gets_a_new_key(client: Client, device: Authenticator) -> None:
    asked = ask(client, SIGN_IN)
    before = client.session.session_key
    send(client, SIGN_IN, device.sign(asked))
    assert is_in(client)
    assert client.session.session_key != before


# --- what is wrong ---

BENT: dict[str, Callable[[Authenticator], None]] = {
    "another origin": lambda device: setattr(device, "origin", "http://evil.localhost"),
    "another RP": lambda device: setattr(device, "rp_id", "evil.localhost"),
    "another challenge": lambda device: device.said.update(challenge=b64(bytes(32))),
    "not verified": lambda device: setattr(device, "verifies", False),
    "an unknown key": lambda device: setattr(device, "id", b"unknown"),
    "another person's name on it": lambda device: setattr(device, "handle", b"eve"),
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
def test_a_wrong_answer_opens_nothing_and_leaves_a_trace(
    client: Client, mia: User, device: Authenticator, bend: Callable[[Authenticator], None]
) -> None:
    bend(device)
    answer = sign(client, device)
    assert (answer.status_code, is_in(client)) == (400, False)
    assert "This passkey was not accepted." in text_of(answer)
    known = mia.pk if device.id != b"unknown" and device.handle != b"eve" else None
    assert events() == [("sign_in.wrong_passkey", known)]


@pytest.mark.parametrize(
    "said",
    ["", "null", "[]", "{}", "{", '{"response": 1}', "[" * 10_000, "9" * 5_000, "\0", "\ud83d", "x" * 100_000],
    ids=range(11),
)
@pytest.mark.parametrize("page", [SIGN_IN, SECOND_STEP, CONFIRM, NEW])
def test_what_is_no_answer_is_a_400(mia: User, device: Authenticator, page: str, said: str) -> None:
    client = client_at(page)
    ask(client, page)
    assert send(client, page, said.encode("utf-8", "replace").decode(), name="Laptop").status_code == 400
    assert Passkey.objects.count() == 1


def client_at(page: str) -> Client:
    """A browser of mia's at the page."""
    client = Client()
    if page == SECOND_STEP:
        sign_in(client=client)
    elif page != SIGN_IN:
        client.force_login(User.objects.get(username="mia"))
        set_fresh(client)
    return client


def test_malformed_cbor_is_a_400(mia: User) -> None:
    client = client_at(NEW)
    for data in (b"", b"\x81" * 5_000, b"\x9b" + b"\xff" * 8, b"\xa1\x01"):
        said = Authenticator().make(ask(client, NEW))
        said["response"]["attestationObject"] = b64(data)
        answer = send(client, NEW, said, name="Laptop")
        assert answer.status_code == 400
        assert "This passkey was not accepted." in text_of(answer)


def test_a_question_is_answered_once_and_by_the_browser_that_asked(client: Client, device: Authenticator) -> None:
    said = device.sign(ask(client, SIGN_IN))
    assert send(Client(), SIGN_IN, said).status_code == 400
    assert send(client, SIGN_IN, said).status_code == 302
    client.post("/logout/")
    for browser in (client, Client()):
        answer = send(browser, SIGN_IN, said)
        assert answer.status_code == 400
        assert "That took too long. Try again." in text_of(answer)


def test_a_wrong_answer_uses_the_question_up(client: Client, device: Authenticator) -> None:
    said = device.sign(ask(client, SIGN_IN))
    assert send(client, SIGN_IN, {**said, "response": {**said["response"], "signature": "AA"}}).status_code == 400
    assert send(client, SIGN_IN, said).status_code == 400
    assert not is_in(client)


def test_a_question_is_used_up_on_whichever_worker(client: Client, device: Authenticator) -> None:
    """Two answers at once have both been asked; so has whoever copied the cookie."""
    said = device.sign(ask(client, SIGN_IN))
    another = Client()
    another.cookies[COOKIE] = client.cookies[COOKIE].value
    assert send(client, SIGN_IN, said).status_code == 302
    assert send(another, SIGN_IN, said).status_code == 400


def test_each_tab_has_its_own_question(client: Client, device: Authenticator) -> None:
    """The page asks when it is opened, and another tab asks again."""
    first, *_ = [ask(client, SIGN_IN) for _ in range(TABS)]
    assert send(client, SIGN_IN, device.sign(first)).status_code == 302


def test_no_cookie_but_the_portals_own_is_believed(client: Client, device: Authenticator) -> None:
    asked = ask(client, SIGN_IN)
    for forged in ("", "x", signing.dumps([(asked["challenge"], time.time())]), signing.dumps(7, salt=_SALT)):
        browser = Client()
        browser.cookies[COOKIE] = forged
        answer = send(browser, SIGN_IN, device.sign(asked))
        assert (answer.status_code, is_in(browser)) == (400, False)


def test_asking_stores_nothing(mia: User) -> None:
    """The sign-in page asks by itself, and so may everybody."""
    before = everything()
    for _ in range(5):
        visitor = Client()
        ask(visitor, SIGN_IN)
        assert settings.SESSION_COOKIE_NAME not in visitor.cookies
    assert everything() == before


def test_asking_is_slowed_down_and_a_known_browser_is_not(
    client: Client, mia: User, device: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(client, device)
    client.post("/logout/")
    monkeypatch.setattr(throttle, "QUESTIONS_A_MINUTE", 3)
    visitor = Client(REMOTE_ADDR="198.51.100.1")
    assert [visitor.post(f"{SIGN_IN}question/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = Client(REMOTE_ADDR="198.51.100.1").post(f"{SIGN_IN}question/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert answer.json() == {"problem": "Too many tries with a passkey. Wait a minute, then try again."}
    assert sign(client, device).status_code == 302
    assert Client(REMOTE_ADDR="203.0.113.7").post(f"{SIGN_IN}question/").status_code == 200
    assert events()[-1] == ("sign_in.paused", None)
    with clock.later(minutes=1):
        assert visitor.post(f"{SIGN_IN}question/").status_code == 200


def test_a_question_is_forgotten_after_five_minutes(client: Client, device: Authenticator) -> None:
    for minutes, status in ((4, 302), (6, 400)):
        browser = Client()
        said = device.sign(ask(browser, SIGN_IN))
        with clock.later(minutes=minutes):
            assert send(browser, SIGN_IN, said).status_code == status


def test_a_signature_for_one_door_opens_no_other(mia: User, device: Authenticator) -> None:
    """Above all not one that verified nobody, which is good after a password only."""
    client = client_at(SECOND_STEP)
    asked = ask(client, SECOND_STEP)
    assert send(client, SIGN_IN, device.sign(asked)).status_code == 400
    assert not is_in(client)
    client = client_at(SECOND_STEP)
    asked = ask(client, SIGN_IN)
    assert send(client, SECOND_STEP, device.sign(asked)).status_code == 400
    assert not is_in(client)


def test_a_question_to_one_person_is_not_answered_by_another(client: Client, mia: User, device: Authenticator) -> None:
    make_passkey(make_user("eve", password=PASSWORD), eves := Authenticator())
    sign_in(client=client)
    asked = ask(client, SECOND_STEP)
    sign_in("eve", client=client)
    assert send(client, SECOND_STEP, eves.sign(asked)).status_code == 400
    assert not is_in(client)


def test_a_counter_that_goes_back_is_refused_loudly(client: Client, mia: User) -> None:
    make_passkey(mia, device := Authenticator(count=7))
    device.count = 6
    answer = sign(client, device)
    assert (answer.status_code, is_in(client)) == (400, False)
    assert "it may have been copied" in text_of(answer)
    assert events() == [("sign_in.copied_passkey", mia.pk)]


def test_answers_are_slowed_down_and_the_owners_browser_is_not(
    client: Client, mia: User, device: Authenticator
) -> None:
    sign(client, device)
    client.post("/logout/")
    wrong = Authenticator(id=device.id, handle=device.handle)
    thief = Client()
    assert [sign(thief, wrong).status_code for _ in range(TRIES + 1)] == [400] * TRIES + [429]
    answer = sign(thief, device)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert sign(client, device).status_code == 302
    assert {action for action, _ in events()} == {"sign_in.wrong_passkey", "sign_in.paused"}


def test_answers_of_nobodys_keys_are_slowed_down_by_address(client: Client, mia: User) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.7")
    asked = ask(stranger, SIGN_IN)
    said = Authenticator().sign(asked)
    answers = [send(stranger, SIGN_IN, said).status_code for _ in range(ADDRESS_TRIES_AN_HOUR + 1)]
    assert answers == [400] * ADDRESS_TRIES_AN_HOUR + [429]


# --- after the password ---


def test_a_passkey_follows_the_password_in_place_of_a_code(client: Client, mia: User, device: Authenticator) -> None:
    assert sign_in(client=client, next="/profile/?tab=1")["Location"] == "/login/code/"
    assert not is_in(client)
    assert "Use your passkey, or enter one of your recovery codes." in text_of(client.get("/login/code/"))
    device.verifies = False  # the password was right: touching it is enough
    assert sign(client, device, SECOND_STEP)["Location"] == "/profile/?tab=1"
    assert is_in(client)
    assert AuditEvent.objects.get(action="user.login").details == {"method": "password and passkey"}


def test_nobody_is_asked_for_a_second_step_before_the_password(
    client: Client, mia: User, device: Authenticator
) -> None:
    assert client.post(f"{SECOND_STEP}question/").status_code == 403
    assert send(client, SECOND_STEP, "{}")["Location"] == "/login/"


def test_another_persons_passkey_is_no_second_step(client: Client, mia: User, device: Authenticator) -> None:
    make_passkey(make_user("eve", password=PASSWORD), eves := Authenticator())
    sign_in(client=client)
    asked = ask(client, SECOND_STEP)
    assert [one["id"] for one in asked["allowCredentials"]] == [b64(device.id)]
    assert send(client, SECOND_STEP, eves.sign(asked)).status_code == 400
    assert not is_in(client)
    assert events() == [("sign_in.wrong_passkey", mia.pk)]


def test_a_recovery_code_stands_in_for_a_lost_passkey(client: Client, mia: User) -> None:
    client.force_login(mia)
    set_fresh(client)
    shown = add(client, Authenticator())
    codes = re.findall(r'<code class="gh-code">(\d+)</code>', text_of(shown))
    assert len(codes) == 10
    assert "no-store" in shown["Cache-Control"]
    client.post("/logout/")
    sign_in(client=client)
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 302
    assert is_in(client)


def test_the_operator_forgets_lost_passkeys(client: Client, mia: User, device: Authenticator) -> None:
    call_command("reset_second_factor", "mia", stdout=StringIO())
    assert (Passkey.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    sign_in(client=client)
    assert is_in(client)


# --- before something sensitive ---


def test_a_passkey_confirms_in_place_of_the_password(client: Client, mia: User, device: Authenticator) -> None:
    client.force_login(mia)
    set_fresh(client, fresh=False)
    page = client.get(NEW)
    assert "Use a passkey" in text_of(client.get(page["Location"]))
    assert sign(client, device, CONFIRM, next=NEW)["Location"] == NEW
    assert client.get(NEW).status_code == 200


def test_a_confirmation_renews_the_key_and_the_session_stays_listed(mia: User, device: Authenticator) -> None:
    client = Client()
    sign(client, device)
    check_that_it_renews(client, mia, lambda client: sign(client, device, CONFIRM))


def test_another_persons_passkey_confirms_nothing(client: Client, mia: User, device: Authenticator) -> None:
    make_passkey(eve := make_user("eve", password=PASSWORD))
    client.force_login(eve)
    set_fresh(client, fresh=False)
    assert send(client, CONFIRM, device.sign(ask(client, CONFIRM))).status_code == 400
    assert client.get(NEW).status_code == 302


# --- the own ones ---


def test_people_add_see_rename_and_remove_their_own(client: Client, mia: User) -> None:
    client.force_login(mia)
    set_fresh(client)
    assert "No passkeys yet" in text_of(client.get("/profile/passkeys/"))
    add(client, Authenticator(), name="Work laptop")
    add(client, device := Authenticator(), name="Phone")
    page = text_of(client.get("/profile/passkeys/"))
    assert [name in page for name in ("Work laptop", "Phone")] == [True, True]
    assert (page.count("This device only"), page.count("never used")) == (2, 2)
    sign(Client(), device)
    assert text_of(client.get("/profile/passkeys/")).count("never used") == 1
    phone = Passkey.objects.get(name="Phone")
    assert client.post(f"/profile/passkeys/{phone.pk}/rename/", {"name": "Old phone"}).status_code == 302
    assert "Old phone" in text_of(client.get(f"/profile/passkeys/{phone.pk}/remove/"))
    assert Passkey.objects.count() == 2
    removed = client.post(f"/profile/passkeys/{phone.pk}/remove/", follow=True)
    assert "The passkey “Old phone” was removed." in text_of(removed)
    assert sign(Client(), device).status_code == 400


@pytest.mark.parametrize("name", ["", "\u200b", "x" * 101, "a\u0007b"])
def test_a_name_is_one_that_shows(client: Client, mia: User, device: Authenticator, name: str) -> None:
    client.force_login(mia)
    set_fresh(client)
    page = f"/profile/passkeys/{Passkey.objects.get().pk}/rename/"
    answer = client.post(page, {"name": name})
    assert answer.status_code == 200
    assert answer.context["form"].errors["name"]
    said = Authenticator().make(ask(client, NEW))
    assert send(client, NEW, said, name=name).status_code in {200, 400}
    assert Passkey.objects.get().name == "Laptop"


def test_a_name_is_escaped(client: Client, mia: User) -> None:
    client.force_login(mia)
    set_fresh(client)
    add(client, Authenticator(), name="<b>key</b>")
    assert b"<b>key" not in client.get("/profile/passkeys/").content


def test_nobody_reaches_another_persons(client: Client, mia: User, device: Authenticator) -> None:
    eves = signed_in(make_user("eve", password=PASSWORD))
    passkey, before = Passkey.objects.get(), everything()
    for page in ("rename", "remove"):
        assert eves.get(f"/profile/passkeys/{passkey.pk}/{page}/").status_code == 404
        assert eves.post(f"/profile/passkeys/{passkey.pk}/{page}/", {"name": "x"}).status_code == 404
        assert client.post(f"/profile/passkeys/{passkey.pk}/{page}/").status_code == 302
    assert everything() == before


def test_the_last_second_step_of_a_break_glass_account_stays_while_sso_is_enforced(client: Client) -> None:
    glass = make_break_glass()
    passkey = make_passkey(glass)
    set_mode(sso=True)
    client.force_login(glass)
    set_fresh(client)
    answer = client.post(f"/profile/passkeys/{passkey.pk}/remove/", follow=True)
    assert "keeps its second step while SSO is enforced" in text_of(answer)
    assert glass.has_second_step


def test_whom_no_password_lets_in_is_offered_no_passkey(client: Client, mia: User, device: Authenticator) -> None:
    ada = signed_in(make_user("ada"))
    assert "/profile/passkeys/" not in text_of(ada.get("/profile/"))
    for page in ("/profile/passkeys/", NEW):
        assert ada.get(page)["Location"] == "/profile/"
    for page in (NEW, CONFIRM):
        assert ada.post(f"{page}question/").status_code == 403


def test_a_question_for_a_new_one_needs_a_fresh_sign_in(client: Client, mia: User) -> None:
    client.force_login(mia)
    set_fresh(client, fresh=False)
    assert client.post(f"{NEW}question/").status_code == 403


def test_where_browsers_use_none_the_page_says_so(client: Client, mia: User) -> None:
    client.force_login(mia)
    with portal_at("http://127.0.0.1:8000"):
        page = text_of(client.get("/profile/passkeys/"))
        assert "this portal's address is an IP address" in page
        assert "Add a passkey" not in page
        assert "Add one" not in page
        assert "Sign in with a passkey" not in text_of(Client().get("/login/"))


# --- CSRF, GET ---


@pytest.mark.parametrize("page", [SIGN_IN, SECOND_STEP, CONFIRM, NEW])
def test_nothing_is_asked_or_answered_without_the_forms_token(mia: User, device: Authenticator, page: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia)
    set_fresh(client)
    for address in (page, f"{page}question/"):
        assert client.post(address, {"answer": "{}"}).status_code == 403


@pytest.mark.parametrize("page", [SIGN_IN, SECOND_STEP, CONFIRM, NEW])
def test_looking_asks_nothing(client: Client, page: str) -> None:
    assert client.get(f"{page}question/").status_code == 405
    assert client.get(page).status_code == 302


def test_what_would_be_refused_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last second step of a break-glass account, and more passkeys than a person may have."""
    glass = make_break_glass()
    client, first, last = signed_in(glass), make_passkey(glass), make_passkey(glass)
    set_mode(sso=True)
    assert f"/profile/passkeys/{last.pk}/remove/" in text_of(client.get("/profile/passkeys/"))
    client.post(f"/profile/passkeys/{first.pk}/remove/")
    shown, removal = text_of(client.get("/profile/passkeys/")), f"/profile/passkeys/{last.pk}/remove/"
    told = "A break-glass account keeps its second step while SSO is enforced: set up another one first."
    assert removal not in shown
    assert told in shown
    assert messages_of(client.get(removal, follow=True)) == [told]
    monkeypatch.setattr(second_steps, "MOST_PASSKEYS", 1)
    shown = text_of(client.get("/profile/passkeys/"))
    assert NEW not in shown
    assert "You have 1 passkeys: remove one first." in shown
    assert client.post(f"{NEW}question/").json()["problem"] in shown
