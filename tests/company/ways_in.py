"""Signing in and passwords, in every state that a decision hangs on, and how it is done."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

from identity.core.decisions import Action
from identity.events import Event
from identity.models import AuditEvent, Status, User
from portal.account.resets import reset_path
from tests.company.belongings import own, with_a_password, with_app, with_passkey
from tests.company.cases import Cases
from tests.company.states import Make, Row
from tests.company.ways import NOTHING, Way, scan
from tests.factories import PASSWORD, make_break_glass
from tests.passkeys import portal_at, sign
from tests.portal.second_steps import FIRST, code_of
from tests.sessions import sign_in

BY_PASSWORD: Cases[Make] = Cases()
BY_PASSKEY: Cases[Make] = Cases()
OWN_PASSWORDS: Cases[Make] = Cases()
FORGOTTEN: Cases[Make] = Cases()
ANOTHER = "correct horse battery staple 7"


# --- by password ---


@BY_PASSWORD.add
@OWN_PASSWORDS.add
@FORGOTTEN.add
def with_a_password_alone(who: User) -> Row:
    with_a_password(who)
    return own(who)


@OWN_PASSWORDS.add
@FORGOTTEN.add
def without_a_password(who: User) -> Row:
    return own(who, password="!")


@BY_PASSWORD.add
@FORGOTTEN.add
def disabled(who: User) -> Row:
    with_a_password(who)
    return own(who, status=Status.DISABLED)


@BY_PASSWORD.add
def with_an_app(who: User) -> Row:
    secret = with_app(who)
    row = own(who)
    row.more["secret"] = secret
    return row


@BY_PASSWORD.add
@OWN_PASSWORDS.add
@FORGOTTEN.add
def with_an_app_of_a_break_glass_account(who: User) -> Row:
    row = with_an_app(who)
    User.objects.filter(pk=who.pk).update(is_break_glass=True)
    row.about["user"].refresh_from_db()
    return row


@BY_PASSWORD.add
def unproven_break_glass_account(who: User) -> Row:
    """While no account could sign in otherwise, its password opens the way to its first second step."""
    with_a_password(who)
    return own(who, is_break_glass=True)


@BY_PASSWORD.add
def unproven_break_glass_account_beside_a_proven_one(who: User) -> Row:
    make_break_glass("hammer", proven=True)
    return unproven_break_glass_account(who)


# --- by passkey ---


@BY_PASSKEY.add
def with_a_passkey(who: User) -> Row:
    device = with_passkey(who)
    row = own(who)
    row.more["device"] = device
    return row


def changed(row: Row, **columns: Any) -> Row:
    User.objects.filter(pk=row.pk).update(**columns)
    row.about["user"].refresh_from_db()
    return row


@BY_PASSKEY.add
def with_a_passkey_and_disabled(who: User) -> Row:
    return changed(with_a_passkey(who), status=Status.DISABLED)


@BY_PASSKEY.add
def with_a_passkey_and_no_password_any_more(who: User) -> Row:
    return changed(with_a_passkey(who), password="!")


@BY_PASSKEY.add
def with_a_passkey_of_a_break_glass_account(who: User) -> Row:
    return changed(with_a_passkey(who), is_break_glass=True)


# --- how it is done: by a visitor whom nobody knows yet ---


def by_password(client: Client, url: str, row: Row) -> HttpResponse:
    """To the end: with the second step, or with the first one that has to be set up."""
    visitor = Client()
    answer = sign_in(row.name, client=visitor, at=url)
    if answer.status_code == 302 and answer["Location"] == FIRST:
        return scan(visitor, FIRST, row)
    if answer.status_code == 302 and "secret" in row.more:
        return visitor.post(answer["Location"], {"code": code_of(row.more["secret"])})  # type: ignore[return-value]
    return answer  # type: ignore[no-any-return]


def by_passkey(client: Client, url: str, row: Row) -> HttpResponse:
    with portal_at():
        return sign(Client(), row.more["device"], url)  # type: ignore[no-any-return]


def by_a_link(client: Client, url: str, row: Row) -> HttpResponse:
    """That was mailed before."""
    visitor = Client()
    page: Any = visitor.get(reset_path(row.about["user"]), follow=True)
    form = {"new_password1": ANOTHER, "new_password2": ANOTHER}
    return visitor.post(page.request["PATH_INFO"], form)  # type: ignore[return-value]


def in_the_trail(row: Row) -> str:
    """The page says the same as of a wrong password; the reason is kept for those who look after the portal."""
    event = AuditEvent.objects.filter(action=Event.SIGN_IN_REFUSED, user_id=row.pk).latest("pk")
    return str(event.details["code"])


OF_PASSWORDS = {Action.SIGN_IN_BY_PASSWORD: Way("login", args=(), post=by_password, told=in_the_trail)}
OF_PASSKEYS = {Action.SIGN_IN_BY_PASSKEY: Way("passkey_sign_in", args=(), post=by_passkey, told=in_the_trail)}
OF_OWN_PASSWORDS = {
    Action.CHANGE_PASSWORD: Way(
        "password_change",
        args=(),
        form={"old_password": PASSWORD, "new_password1": ANOTHER, "new_password2": ANOTHER},
    )
}
OF_FORGOTTEN = {Action.CHANGE_PASSWORD: Way("password_reset", args=(), post=by_a_link, told=lambda row: NOTHING)}
