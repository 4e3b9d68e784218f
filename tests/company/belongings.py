"""What belongs to people (assets, tokens, sessions, their second step), and the access settings, state by state."""

from __future__ import annotations

from typing import Any

from django.test import Client

from identity.core import totp
from identity.core.actors import Person
from identity.models import APIToken, Status, User
from identity.services import assets, second_factors
from portal.session.sessions import sessions_of
from tests.authenticator import Authenticator
from tests.company.cases import Cases
from tests.company.states import Make, Row, person
from tests.factories import (
    OPERATOR,
    PASSWORD,
    make_api_token,
    make_asset,
    make_break_glass,
    make_idp,
    make_owner,
    make_user,
    sign_in_by_sso,
)
from tests.passkeys import make_passkey, portal_at
from tests.sessions import sign_in

ASSETS: Cases[Make] = Cases()
LEFT_BEHIND: Cases[Make] = Cases()
API_TOKENS: Cases[Make] = Cases()
OWN_API_TOKENS: Cases[Make] = Cases()
ACCOUNTS: Cases[Make] = Cases()
SESSIONS: Cases[Make] = Cases()
OWN_SESSIONS: Cases[Make] = Cases()
SECOND_STEPS: Cases[Make] = Cases()
SETTINGS: Cases[Make] = Cases()


# --- assets, and what a disabled person leaves behind ---


def asset(*owners: str, giver: str = "mia", taker: str = "tom", **columns: Any) -> Row:
    """Owned by these; `giver` and `taker` are who would own it before and after."""
    people = {name: make_user(name) for name in {"mia", "max", "tom"}}
    found = make_asset(people[owners[0]])
    for name in owners[1:]:
        assets.add_owner(found, people[name], actor=OPERATOR)
    User.objects.filter(username="tom").update(**columns)
    before = {"asset": found, "giver": people[giver]}
    about = {**before, "taker": User.objects.get(username=taker)}
    words = {"giver": people[giver].pk, "giver_name": giver, "taker": people[taker].pk, "taker_name": taker}
    return Row(about, found.pk, found.name, words, before=before)


@ASSETS.add
def of_one_owner(who: User) -> Row:
    return asset("mia")


@ASSETS.add
def of_two_owners(who: User) -> Row:
    return asset("mia", "max")


@ASSETS.add
def of_somebody_else(who: User) -> Row:
    return asset("max")


@ASSETS.add
def of_who_would_take_it(who: User) -> Row:
    return asset("mia", "tom")


@ASSETS.add
def from_somebody_to_themselves(who: User) -> Row:
    return asset("mia", "max", taker="mia")


@ASSETS.add
def for_somebody_disabled(who: User) -> Row:
    return asset("mia", "max", status=Status.DISABLED)


def left_behind(taker: User | None = None, *, is_owner: bool = True) -> Row:
    leaver = make_user("ada", status=Status.DISABLED)
    if is_owner:
        make_asset(leaver)
    return Row({"user": leaver, "taker": taker}, leaver.pk, "ada", {"taker": taker.pk if taker else None})


@LEFT_BEHIND.add
def to_nobody(who: User) -> Row:
    return left_behind()


@LEFT_BEHIND.add
def to_somebody(who: User) -> Row:
    return left_behind(make_user("tom"))


@LEFT_BEHIND.add
def to_somebody_disabled(who: User) -> Row:
    return left_behind(make_user("tom", status=Status.DISABLED))


@LEFT_BEHIND.add
def nothing(who: User) -> Row:
    return left_behind(is_owner=False)


# --- API tokens ---


def token_of(user: User) -> Row:
    make_api_token(user)
    token = APIToken.objects.latest("pk")
    return Row({"api_token": token, "user": user}, token.pk, user.username)


@API_TOKENS.add
def of_a_member(who: User) -> Row:
    return token_of(make_user("mia"))


@API_TOKENS.add
def of_an_owner(who: User) -> Row:
    return token_of(make_owner("otto"))


@OWN_API_TOKENS.add
def ones_own(who: User) -> Row:
    return token_of(who)


@ACCOUNTS.add
def enabled(who: User) -> Row:
    return person(make_user("mia"))


@ACCOUNTS.add
def disabled(who: User) -> Row:
    return person(make_user("mia", status=Status.DISABLED))


# --- sessions ---


def session_of(user: User) -> Row:
    """Of another browser of this person."""
    User.objects.filter(pk=user.pk).update(password=make_user("spare", password=PASSWORD).password)
    sign_in(user.username, client=Client())
    [session] = sessions_of(User.objects.get(pk=user.pk))
    return Row({"user": user}, user.pk, user.username, {"session": session.pk})


@SESSIONS.add
def of_another_member(who: User) -> Row:
    return session_of(make_user("mia"))


@SESSIONS.add
def of_another_owner(who: User) -> Row:
    return session_of(make_owner("otto"))


@OWN_SESSIONS.add
def in_another_browser(who: User) -> Row:
    return session_of(who)


# --- one's own second step ---


def own(who: User, **columns: Any) -> Row:
    User.objects.filter(pk=who.pk).update(**columns)
    user = User.objects.get(pk=who.pk)
    passkey = user.passkeys.first()
    return Row({"user": user}, user.pk, user.username, {"passkey": passkey.pk if passkey else 0})


def with_a_password(who: User) -> None:
    who.set_password(PASSWORD)
    who.save()


def with_app(who: User) -> str:
    """The secret that its codes come from."""
    with_a_password(who)
    secret = totp.new_secret()
    code = totp.code_at(secret, totp.step_now())
    second_factors.set_up_second_factor(who, secret=secret, code=code, actor=Person(who))
    return secret


def with_passkey(who: User) -> Authenticator:
    """The device that has it."""
    with_a_password(who)
    device = Authenticator()
    with portal_at():
        make_passkey(who, device)
    return device


@SECOND_STEPS.add
def no_password(who: User) -> Row:
    return own(who)


@SECOND_STEPS.add
def none_yet(who: User) -> Row:
    with_a_password(who)
    return own(who)


@SECOND_STEPS.add
def an_app(who: User) -> Row:
    with_app(who)
    return own(who)


@SECOND_STEPS.add
def a_passkey(who: User) -> Row:
    with_passkey(who)
    return own(who)


@SECOND_STEPS.add
def none_yet_of_a_break_glass_account(who: User) -> Row:
    with_a_password(who)
    return own(who, is_break_glass=True)


@SECOND_STEPS.add
def an_app_of_a_break_glass_account(who: User) -> Row:
    with_app(who)
    return own(who, is_break_glass=True)


@SECOND_STEPS.add
def a_passkey_of_a_break_glass_account(who: User) -> Row:
    with_passkey(who)
    return own(who, is_break_glass=True)


@SECOND_STEPS.add
def both_of_a_break_glass_account(who: User) -> Row:
    with_app(who)
    with_passkey(who)
    return own(who, is_break_glass=True)


# --- the access settings ---


def access_settings(who: User, *, is_proven: bool, has_come_by_sso: bool) -> Row:
    make_break_glass(proven=is_proven)
    if has_come_by_sso:
        sign_in_by_sso(who, make_idp())
    return Row({}, 1)


@SETTINGS.add
def nothing_proven(who: User) -> Row:
    return access_settings(who, is_proven=False, has_come_by_sso=False)


@SETTINGS.add
def only_sso_proven(who: User) -> Row:
    return access_settings(who, is_proven=False, has_come_by_sso=True)


@SETTINGS.add
def only_a_break_glass_account_proven(who: User) -> Row:
    return access_settings(who, is_proven=True, has_come_by_sso=False)


@SETTINGS.add
def all_proven(who: User) -> Row:
    return access_settings(who, is_proven=True, has_come_by_sso=True)
