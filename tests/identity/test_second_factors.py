"""The second step: who may change whose, which codes are taken, and what is kept of them (RFC 6238, SR-21, R22)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection

from identity.core import totp
from identity.core.actors import Actor, Person
from identity.core.encryption import seal, unseal
from identity.core.errors import GatehouseError, InvalidValue
from identity.models import AuditEvent, RecoveryCode, SecondFactor, User
from identity.services import second_factors
from tests import clock
from tests.factories import OPERATOR, PASSWORD, make_administrator, make_break_glass, make_owner, make_user, set_mode

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ANOTHER = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
NOW = 60_000_000  # the time step that it is, in the tests that stop the clock


@pytest.fixture
def at_step() -> Iterator[Callable[[int], None]]:
    """Sets the time step."""
    with ExitStack() as stack:

        def set_step(step: int) -> None:
            moment = datetime.fromtimestamp(step * totp.PERIOD_SECONDS, UTC)
            stack.enter_context(clock.at(moment.isoformat(), stopped=True))

        set_step(NOW)
        yield set_step


def set_up(user: User, secret: str = SECRET, actor: Actor | None = None) -> list[str]:
    code = totp.code_at(secret, totp.step_now())
    return second_factors.set_up_second_factor(user, secret=secret, code=code, actor=actor or Person(user))


# --- the codes ---


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the last six of its eight digits."""
    assert totp.code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", seconds // 30) == code


def test_one_step_of_drift_is_taken_either_way_and_no_more(at_step: Callable[[int], None]) -> None:
    for drift in (-2, -1, 0, 1, 2):
        mia = make_user(f"mia{drift}", password=PASSWORD)
        set_up(mia)
        SecondFactor.objects.update(last_step=0)
        taken = second_factors.use_code(mia, totp.code_at(SECRET, NOW + drift))
        assert taken == ("totp" if abs(drift) <= 1 else "")


def test_no_code_is_taken_twice_nor_one_that_is_older_than_the_last(at_step: Callable[[int], None]) -> None:
    mia = make_user("mia", password=PASSWORD)
    set_up(mia)
    SecondFactor.objects.update(last_step=0)
    tried = [(NOW, 0), (NOW, 0), (NOW, -1), (NOW, 1), (NOW, 1), (NOW, 0), (NOW + 1, 0), (NOW + 1, 1), (NOW + 2, 0)]
    taken = []
    for now, drift in tried:
        at_step(now)
        taken.append(bool(second_factors.use_code(mia, totp.code_at(SECRET, now + drift))))
    assert taken == [True, False, False, True, False, False, False, True, False]


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_the_code_that_set_it_up_is_used_up(at_step: Callable[[int], None], drift: int) -> None:
    mia = make_user("mia", password=PASSWORD)
    code = totp.code_at(SECRET, NOW + drift)
    second_factors.set_up_second_factor(mia, secret=SECRET, code=code, actor=Person(mia))
    for step in (NOW, NOW + 1):
        at_step(step)
        assert second_factors.use_code(mia, code) == ""
    second_factors.replace_second_factor(
        mia, secret=ANOTHER, code=(again := totp.code_at(ANOTHER, NOW + 1)), actor=Person(mia)
    )
    assert second_factors.use_code(mia, again) == ""


@pytest.mark.parametrize("typed", ["", "12345", "000000", "abcdef", "１２３４５６", "1" * 32, "\x00", "é"])
def test_what_is_no_code_is_none(at_step: Callable[[int], None], typed: str) -> None:
    mia = make_user("mia", password=PASSWORD)
    set_up(mia)
    assert second_factors.use_code(mia, typed) == ""
    with pytest.raises(InvalidValue):
        second_factors.replace_second_factor(mia, secret=ANOTHER, code=typed, actor=Person(mia))


def test_spaces_in_a_code_are_as_apps_show_them(at_step: Callable[[int], None]) -> None:
    mia = make_user("mia", password=PASSWORD)
    codes = set_up(mia)
    code = totp.code_at(SECRET, NOW + 1)
    assert second_factors.use_code(mia, f"{code[:3]} {code[3:]}") == "totp"
    assert second_factors.use_code(mia, f" {codes[0][:4]} {codes[0][4:]} ") == "recovery_code"


# --- recovery codes ---


def test_of_recovery_codes_only_digests_are_kept_and_each_works_once() -> None:
    mia, eve = make_user("mia", password=PASSWORD), make_user("eve", password=PASSWORD)
    codes = set_up(mia)
    set_up(eve)
    stored = str([*RecoveryCode.objects.values(), *SecondFactor.objects.values()])
    assert [code for code in codes if code in stored] == []
    assert SECRET not in stored
    assert second_factors.use_code(eve, codes[0]) == ""
    assert [second_factors.use_code(mia, codes[0]) for _ in range(2)] == ["recovery_code", ""]
    assert RecoveryCode.objects.filter(user=mia).count() == len(codes) - 1


def test_a_new_secret_key_takes_the_codes_of_the_old_one(settings: Any) -> None:
    mia = make_user("mia", password=PASSWORD)
    codes = set_up(mia)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-for-the-tests"
    assert second_factors.use_code(mia, codes[0]) == "recovery_code"


@pytest.mark.parametrize("change", ["codes", "app"])
def test_new_ones_end_the_old_ones(change: str) -> None:
    mia = make_user("mia", password=PASSWORD)
    old = set_up(mia)
    if change == "codes":
        new = second_factors.make_recovery_codes(mia, actor=Person(mia))
    else:
        code = totp.code_at(ANOTHER, totp.step_now())
        new = second_factors.replace_second_factor(mia, secret=ANOTHER, code=code, actor=Person(mia))
    assert second_factors.use_code(mia, old[0]) == ""
    assert second_factors.use_code(mia, new[0]) == "recovery_code"


# --- who may ---


def replace(user: User, actor: Actor) -> None:
    code = totp.code_at(ANOTHER, totp.step_now())
    second_factors.replace_second_factor(user, secret=ANOTHER, code=code, actor=actor)


def make_codes(user: User, actor: Actor) -> None:
    second_factors.make_recovery_codes(user, actor=actor)


def remove(user: User, actor: Actor) -> None:
    second_factors.remove_second_factor(user, actor=actor)


CHANGES: dict[Callable[[User, Actor], None], tuple[str, str]] = {
    replace: ("user.second_factor_replaced", "Second step replaced"),
    make_codes: ("user.recovery_codes_made", "New recovery codes created"),
    remove: ("user.second_factor_removed", "Second step removed"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [make_user, make_administrator, make_owner])
def test_nobody_changes_another_persons(change: Callable[[User, Actor], None], make: Callable[..., User]) -> None:
    mia = make_user("mia", password=PASSWORD)
    codes = set_up(mia)
    with pytest.raises(GatehouseError) as refusal:
        change(mia, Person(make("zoe")))
    assert refusal.value.code == "own_account_only"
    assert second_factors.use_code(mia, codes[0]) == "recovery_code"
    with pytest.raises(GatehouseError):
        set_up(make_user("bob", password=PASSWORD), actor=Person(mia))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("as_operator", [False, True])
def test_each_change_leaves_an_event_and_a_mail(
    change: Callable[[User, Actor], None], as_operator: bool, django_capture_on_commit_callbacks: Any
) -> None:
    mia = make_user("mia", password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        set_up(mia)
        change(mia, OPERATOR if as_operator else Person(mia))
    action, told = CHANGES[change]
    events = [(event.action, event.user_id) for event in AuditEvent.objects.order_by("id")]
    assert events == [("user.second_factor_set_up", mia.pk), (action, mia.pk)]
    subjects = [message.subject.removeprefix("Your Gatehouse account: ") for message in mail.outbox]
    assert subjects == ["Second step set up", told]


def test_a_break_glass_account_may_replace_all_and_remove_nothing_while_sso_is_enforced() -> None:
    """In an emergency it has lost its app, and came in by a recovery code."""
    glass = make_break_glass()
    set_up(glass)
    set_mode(sso=True)
    replace(glass, Person(glass))
    make_codes(glass, Person(glass))
    with pytest.raises(GatehouseError) as refusal:
        remove(glass, Person(glass))
    assert refusal.value.code == "needed"
    remove(glass, OPERATOR)
    glass.refresh_from_db()
    assert (SecondFactor.objects.count(), RecoveryCode.objects.count(), glass.last_proven) == (0, 0, None)


@pytest.mark.parametrize("change", CHANGES)
def test_who_may_not_use_a_password_changes_nothing(change: Callable[[User, Actor], None]) -> None:
    mia = make_user("mia", password=PASSWORD)
    set_up(mia)
    set_mode(sso=True)
    with pytest.raises(GatehouseError) as refusal:
        change(mia, Person(mia))
    assert refusal.value.code == "sso_enforced"


def test_there_is_one_second_step_and_only_behind_a_password() -> None:
    mia, ada = make_user("mia", password=PASSWORD), make_user("ada")
    set_up(mia)
    for user, code in ((mia, "already_set_up"), (ada, "no_password")):
        with pytest.raises(GatehouseError) as refusal:
            set_up(user)
        assert refusal.value.code == code
    for change in (replace, make_codes):
        with pytest.raises(GatehouseError) as refusal:
            change(make_user(change.__name__, password=PASSWORD), Person(User.objects.latest("id")))
        assert refusal.value.code == "not_set_up"


# --- from before ---


def test_second_steps_of_before_are_moved_and_their_codes_become_digests() -> None:
    """allauth kept a seed, from which all ten codes follow, and a mask of the used ones: here the first and third."""
    mia, eve = make_user("mia", password=PASSWORD), make_user("eve", password=PASSWORD)
    with connection.cursor() as cursor:
        kind = "jsonb" if connection.vendor == "postgresql" else "text"
        cursor.execute(f"CREATE TABLE mfa_authenticator (user_id bigint, type text, data {kind}, created_at text)")
        rows = [
            (mia.pk, "totp", {"secret": seal(SECRET)}),
            (mia.pk, "recovery_codes", {"seed": seal("a-seed-of-before"), "used_mask": 0b101}),
            (eve.pk, "totp", {"secret": seal(ANOTHER)}),
            (eve.pk, "recovery_codes", {"seed": "sealed with a key that is gone", "used_mask": 0}),
        ]
        for user, what, data in rows:
            cursor.execute("INSERT INTO mfa_authenticator VALUES (%s, %s, %s, NULL)", [user, what, json.dumps(data)])
    moved = import_module("identity.migrations.0032_second_factors_moved")
    editor = SimpleNamespace(connection=connection)
    moved.move(apps, editor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mfa_authenticator")
        assert cursor.fetchone()[0] == 0
    assert unseal(SecondFactor.objects.get(user=mia).secret) == SECRET
    assert not RecoveryCode.objects.filter(user=eve).exists()
    codes = ["15651957", "54206055", "33954561", "28809646", "83310358"]
    assert [bool(second_factors.use_code(mia, code)) for code in codes] == [False, True, False, True, True]
    moved.move_back(apps, editor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id FROM mfa_authenticator WHERE type = 'totp' ORDER BY user_id")
        assert [row[0] for row in cursor.fetchall()] == [mia.pk, eve.pk]
