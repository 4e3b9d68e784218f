"""Passkeys: whose key is taken, what it must prove, and what follows when one comes or goes (SR-21, R22)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from identity.core import totp, webauthn
from identity.core.actors import Person
from identity.core.errors import InvalidValue, NotFound, Refused, Taken
from identity.models import AuditEvent, AuditPersonalData, Passkey, RecoveryCode, SecondFactor, Status, User
from identity.safeguards import second_steps
from identity.services import passkeys, second_factors
from tests import authenticator
from tests.authenticator import MAY_SYNC, SYNCED, Authenticator, Key, b64, eddsa, es256, rs256
from tests.factories import OPERATOR, PASSWORD, make_break_glass, make_owner, make_user, set_mode
from tests.passkeys import at_localhost, make_passkey, portal_at, use

pytestmark = pytest.mark.django_db


_address = at_localhost


@pytest.fixture
def mia() -> User:
    return make_user("mia", password=PASSWORD, email="mia@example.test")


def actions() -> list[str]:
    return list(AuditEvent.objects.filter(action__startswith="user.").order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize(
    ("address", "origin", "rp_id"),
    [
        ("https://portal.example.com", "https://portal.example.com", "portal.example.com"),
        ("https://portal.example.com:443", "https://portal.example.com", "portal.example.com"),
        ("https://portal.example.com:8443", "https://portal.example.com:8443", "portal.example.com"),
        ("http://localhost:80", "http://localhost", "localhost"),
        ("https://bücher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_the_origin_is_the_portals_own_as_browsers_write_it(mia: User, address: str, origin: str, rp_id: str) -> None:
    with portal_at(address):
        device = Authenticator(origin=origin, rp_id=rp_id)
        assert use_of(make_passkey(mia, device), device) == mia


def use_of(passkey: Passkey, device: Authenticator) -> User:
    assert use(device) == passkey
    return passkey.user


# --- what is asked ---


def test_a_browser_is_asked_for_a_key_that_stands_alone_and_told_nothing_of_the_person_but_names(mia: User) -> None:
    make_passkey(mia, device := Authenticator())
    asked = passkeys.adding(mia, challenge="c", user_handle="h")
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (asked["attestation"], asked["rp"]) == ("none", {"id": "localhost", "name": "Gatehouse"})
    assert asked["user"] == {"id": "h", "name": "mia", "displayName": "mia"}
    assert asked["excludeCredentials"] == [{"type": "public-key", "id": b64(device.id)}]
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -8, -257]


def test_whoever_signs_alone_is_verified_and_named_by_the_key_only(mia: User) -> None:
    make_passkey(mia, device := Authenticator())
    alone = passkeys.asking(None, challenge="c", alone=True)
    assert (alone["userVerification"], alone["allowCredentials"]) == ("required", [])
    after = passkeys.asking(mia, challenge="c", alone=False)
    assert after["userVerification"] == "preferred"
    assert [one["id"] for one in after["allowCredentials"]] == [b64(device.id)]


def test_a_user_handle_is_random_and_one_for_all_passkeys_of_a_person(mia: User) -> None:
    eve = make_user("eve", password=PASSWORD)
    handles = [make_passkey(user).user_handle for user in (mia, mia, eve)]
    assert handles[0] == handles[1] != handles[2]
    assert len(authenticator.unb64(handles[0])) == 32


# --- adding ---


@pytest.mark.parametrize("make", [es256, eddsa, rs256])
def test_each_algorithm_that_is_asked_for_signs_in(mia: User, make: Callable[[], Key]) -> None:
    device = Authenticator(key=make())
    assert use_of(make_passkey(mia, device), device) == mia


def test_what_a_key_says_of_itself_is_kept(mia: User) -> None:
    synced, bound = Authenticator(flags=MAY_SYNC | SYNCED), Authenticator(counts=True, count=6)
    first, second = make_passkey(mia, synced, name="Phone"), make_passkey(mia, bound, name="  Key ")
    assert (first.name, first.is_synced, first.sign_count, first.last_used_at) == ("Phone", True, 0, None)
    assert (second.name, second.is_synced, second.sign_count) == ("Key", False, 7)
    synced.flags = MAY_SYNC
    use(synced)
    use(bound)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_synced, second.sign_count) == (False, 8)
    assert first.last_used_at is not None


def test_the_first_second_step_brings_recovery_codes_and_no_other_does(mia: User) -> None:
    codes = []
    for device in (Authenticator(), Authenticator()):
        challenge = webauthn.new_challenge()
        asked = passkeys.adding(mia, challenge=challenge, user_handle="aGFuZGxl")
        _, shown = passkeys.add_passkey(
            mia,
            name="Laptop",
            answer=json.dumps(device.make(asked)),
            challenge=challenge,
            user_handle="aGFuZGxl",
            actor=Person(mia),
        )
        codes.append(shown)
    assert [len(shown) for shown in codes] == [10, 0]
    assert second_factors.use_code(mia, codes[0][0]) == "recovery_code"


def test_each_change_leaves_an_event_and_a_mail(mia: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        passkey = make_passkey(mia)
        passkeys.rename_passkey(passkey, name="Old laptop", actor=Person(mia))
        passkeys.rename_passkey(passkey, name="Old laptop", actor=Person(mia))
        passkeys.remove_passkey(passkey, actor=Person(mia))
    assert actions() == ["user.passkey_added", "user.passkey_renamed", "user.passkey_removed"]
    assert [event.details for event in AuditEvent.objects.order_by("id")] == [{"passkey": passkey.pk}] * 3
    names = [kept.values["name"] for kept in AuditPersonalData.objects.order_by("event_id")]
    assert names == ["Laptop", {"from": "Laptop", "to": "Old laptop"}, "Old laptop"]
    assert [message.subject for message in mail.outbox] == [
        "Your Gatehouse account: Passkey added",
        "Your Gatehouse account: Passkey removed",
    ]
    assert "Passkey added: Laptop" in mail.outbox[0].body


# --- who may ---


def rename(passkey: Passkey, actor: Person) -> None:
    passkeys.rename_passkey(passkey, name="Mine", actor=actor)


def remove(passkey: Passkey, actor: Person) -> None:
    passkeys.remove_passkey(passkey, actor=actor)


@pytest.mark.parametrize("change", [rename, remove])
def test_nobody_changes_another_persons(mia: User, change: Callable[[Passkey, Person], None]) -> None:
    passkey, olga = make_passkey(mia), make_owner()
    with pytest.raises(Refused) as refusal:
        change(passkey, Person(olga))
    assert refusal.value.code == "own_account_only"
    with pytest.raises(Refused):
        make_passkey(mia, actor=Person(olga))
    assert Passkey.objects.get().name == "Laptop"


@pytest.mark.parametrize("change", [rename, remove])
def test_one_that_is_gone_is_changed_no_more(mia: User, change: Callable[[Passkey, Person], None]) -> None:
    make_passkey(mia)
    passkey = make_passkey(mia)
    passkeys.remove_passkey(passkey, actor=Person(mia))
    with pytest.raises(NotFound):
        change(passkey, Person(mia))


def test_only_who_has_a_password_that_may_be_used_adds_or_changes_one(mia: User) -> None:
    with pytest.raises(Refused) as refusal:
        make_passkey(make_user("ada"))
    assert refusal.value.code == "no_password"
    passkey, glass = make_passkey(mia), make_break_glass()
    set_mode(sso=True)
    for change in (rename, remove, lambda _, actor: make_passkey(actor.user)):
        with pytest.raises(Refused) as refusal:
            change(passkey, Person(mia))
        assert refusal.value.code == "sso_enforced"
    make_passkey(glass)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 101, "a\nb", "nul\0"])
def test_a_name_is_one_that_shows(mia: User, name: str) -> None:
    with pytest.raises(InvalidValue):
        make_passkey(mia, name=name)


def test_a_person_has_so_many(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_steps, "MOST_PASSKEYS", 1)
    make_passkey(mia)
    with pytest.raises(Refused) as refusal:
        make_passkey(mia)
    assert refusal.value.code == "too_many"


def test_a_key_is_one_persons(mia: User) -> None:
    make_passkey(mia, device := Authenticator())
    with pytest.raises(Taken):
        make_passkey(make_user("eve", password=PASSWORD), device)
    assert Passkey.objects.get().user == mia


# --- the second step ---


def test_the_app_and_passkeys_are_a_second_step_each_and_the_codes_stay_with_the_last(mia: User) -> None:
    secret = totp.new_secret()
    code = totp.code_at(secret, totp.step_now())
    second_factors.set_up_second_factor(mia, secret=secret, code=code, actor=Person(mia))
    passkey = make_passkey(mia)
    second_factors.remove_second_factor(mia, actor=Person(mia))
    assert (mia.has_second_step, mia.has_app, RecoveryCode.objects.count()) == (True, False, 10)
    assert len(second_factors.make_recovery_codes(mia, actor=Person(mia))) == 10
    passkeys.remove_passkey(passkey, actor=Person(mia))
    assert (mia.has_second_step, RecoveryCode.objects.count()) == (False, 0)


def test_a_break_glass_account_keeps_its_last_second_step_while_sso_is_enforced() -> None:
    glass = make_break_glass()
    first, last = make_passkey(glass), make_passkey(glass)
    set_mode(sso=True)
    passkeys.remove_passkey(first, actor=Person(glass))
    with pytest.raises(Refused) as refusal:
        passkeys.remove_passkey(last, actor=Person(glass))
    assert refusal.value.code == "needed"
    glass.refresh_from_db()
    assert (glass.has_second_step, glass.last_proven is None) == (True, False)


def test_an_operator_resets_the_app_the_passkeys_and_the_codes_together() -> None:
    glass = make_break_glass()
    make_passkey(glass)
    make_passkey(glass)
    secret = totp.new_secret()
    code = totp.code_at(secret, totp.step_now())
    second_factors.set_up_second_factor(glass, secret=secret, code=code, actor=Person(glass))
    set_mode(sso=True)
    second_factors.reset_second_factor(glass, actor=OPERATOR)
    glass.refresh_from_db()
    left = [model.objects.count() for model in (SecondFactor, Passkey, RecoveryCode)]
    assert (left, glass.last_proven) == ([0, 0, 0], None)
    event = AuditEvent.objects.get(action="user.second_factor_removed")
    assert event.details == {"passkeys": 2}


# --- what a key must prove ---

WRONG: dict[str, Callable[[Authenticator], None]] = {
    "another origin": lambda device: setattr(device, "origin", "http://evil.localhost"),
    "another port": lambda device: setattr(device, "origin", "http://localhost:8001"),
    "another scheme": lambda device: setattr(device, "origin", "https://localhost"),
    "another RP": lambda device: setattr(device, "rp_id", "evil.localhost"),
    "another challenge": lambda device: device.said.update(challenge=b64(bytes(32))),
    "another type": lambda device: device.said.update(type="payment.get"),
    "in a frame of another site": lambda device: device.said.update(crossOrigin=True),
    "synced where it may not": lambda device: setattr(device, "flags", SYNCED),
}


@pytest.mark.parametrize("bend", WRONG.values(), ids=WRONG)
def test_a_key_made_for_something_else_is_not_taken(mia: User, bend: Callable[[Authenticator], None]) -> None:
    bend(device := Authenticator())
    with pytest.raises(InvalidValue):
        make_passkey(mia, device)
    assert Passkey.objects.count() == 0


@pytest.mark.parametrize("bend", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("alone", [True, False])
def test_a_signature_for_something_else_is_not_taken(
    mia: User, bend: Callable[[Authenticator], None], alone: bool
) -> None:
    make_passkey(mia, device := Authenticator())
    bend(device)
    with pytest.raises(InvalidValue):
        use(device, alone=alone)


def test_a_signature_of_another_key_is_not_taken(mia: User) -> None:
    make_passkey(mia, device := Authenticator())
    device.key = es256()
    with pytest.raises(InvalidValue):
        use(device)


def test_a_key_that_names_another_person_is_nobodys(mia: User) -> None:
    eve = make_user("eve", password=PASSWORD)
    make_passkey(mia, device := Authenticator())
    device.handle = authenticator.unb64(make_passkey(eve).user_handle)
    assert use(device) is None


def test_one_that_has_verified_nobody_is_a_second_step_and_nothing_else(mia: User) -> None:
    make_passkey(mia, device := Authenticator())
    device.verifies = False
    with pytest.raises(InvalidValue):
        use(device)
    assert use(device, of=mia, alone=False) is not None
    with pytest.raises(InvalidValue):
        make_passkey(mia, Authenticator(verifies=False))


@pytest.mark.parametrize(("before", "now"), [(7, 7), (7, 6), (7, 0), (1, 0)])
def test_a_counter_that_does_not_rise_is_refused_and_told(
    mia: User, before: int, now: int, django_capture_on_commit_callbacks: Any
) -> None:
    passkey = make_passkey(mia, device := Authenticator(count=before))
    device.count = now
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Refused) as refusal:
        use(device)
    assert refusal.value.code == "passkey_copied"
    assert mail.outbox[-1].subject == "Your Gatehouse account: Passkey refused: it may have been copied"
    passkey.refresh_from_db()
    assert (passkey.sign_count, passkey.last_used_at) == (before, None)
    device.count = before + 1
    assert use(device) == passkey


def test_a_counter_that_goes_back_without_a_right_signature_is_only_wrong(mia: User) -> None:
    """Whoever knows the id of a passkey sends its owner no mails."""
    make_passkey(mia, device := Authenticator(count=7))
    device.count, device.key = 3, es256()
    with pytest.raises(InvalidValue):
        use(device)


def test_a_passkey_opens_what_a_password_would_and_no_more() -> None:
    eve = make_user("eve", password=PASSWORD)
    make_passkey(eve, device := Authenticator())
    User.objects.filter(pk=eve.pk).update(status=Status.DISABLED)
    assert code_of_refusal(device) == "disabled"
    User.objects.filter(pk=eve.pk).update(status=Status.ENABLED, password="!")
    assert code_of_refusal(device) == "no_password"
    mia, glass = make_user("mia", password=PASSWORD), make_break_glass()
    make_passkey(mia, mias := Authenticator())
    make_passkey(glass, glasses := Authenticator())
    set_mode(sso=True)
    assert code_of_refusal(mias) == "sso_enforced"
    assert use(glasses) is not None
    assert Passkey.objects.filter(last_used_at=None).count() == 2


def code_of_refusal(device: Authenticator) -> str:
    with pytest.raises(Refused) as refusal:
        use(device)
    return refusal.value.code
