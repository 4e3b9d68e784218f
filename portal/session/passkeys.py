"""Passkeys at sign-in: the browser's challenge, and the check of its answer (R22, SR-20, SR-21).

The challenge is kept for one purpose and a few minutes: in the session, or before sign-in in a signed cookie, so that
asking stores nothing. The first answer uses it up, right or wrong, on whichever worker.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse

from identity.core import webauthn
from identity.core.errors import InvalidValue, Refused
from identity.events import Event
from identity.services import passkeys
from portal.project.shared_cache import cache
from portal.session.guesses import note_sign_in
from portal.session.throttle import for_passkey, for_question

if TYPE_CHECKING:
    from identity.models import Passkey, User

ASKED = "passkey_asked"
COOKIE = "__Host-passkey" if settings.IS_HTTPS else "passkey"
TABS = 4
_SALT = "portal.session.passkeys.asked"
GONE = "That took too long. Try again."
PAUSE = "Too many tries with a passkey. Wait a minute, then try again."
EVENTS = {"pause": Event.SIGN_IN_PAUSED, passkeys.COPIED: Event.SIGN_IN_COPIED_PASSKEY}


class Purpose(StrEnum):
    """What an answer is for: it is valid for nothing else."""

    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"
    CONFIRM = "confirm"
    ADD = "add"


def ask_to_sign(request: HttpRequest, purpose: Purpose, user: User) -> dict[str, Any]:
    """The browser's request: sign with a passkey of this user."""
    challenge = _asked(request, purpose, user)
    return passkeys.asking(user, challenge=challenge, alone=purpose is not Purpose.SECOND_STEP)


def ask_visitor(request: HttpRequest) -> HttpResponse:
    """The browser's request, in JSON: sign with any passkey registered here. Raises Refused for too many."""
    with _traced(request, None):
        if not for_question(request).take():
            raise Refused(PAUSE, code="pause")
    challenge = webauthn.new_challenge()
    response = JsonResponse(passkeys.asking(None, challenge=challenge, alone=True))
    response.set_cookie(
        COOKIE,
        signing.dumps([(challenge, time.time()), *_kept(request)][:TABS], salt=_SALT),
        max_age=webauthn.SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def ask_to_add(request: HttpRequest, user: User) -> dict[str, Any]:
    """The browser's request: create a passkey for this user."""
    user_handle = passkeys.handle_of(user)
    challenge = _asked(request, Purpose.ADD, user, handle=user_handle)
    return passkeys.adding(user, challenge=challenge, user_handle=user_handle)


def _asked(request: HttpRequest, purpose: Purpose, user: User, **more: str) -> str:
    challenge = webauthn.new_challenge()
    request.session[ASKED] = {"challenge": challenge, "for": purpose, "user": user.pk, "at": time.time(), **more}
    return challenge


def answered(request: HttpRequest, purpose: Purpose, user: User | None = None, answer: str = "") -> dict[str, str]:
    """This browser's challenge, now used up. Raises Refused if there is none, or it has expired."""
    asked = _asked_of_visitor(request, answer) if user is None else request.session.pop(ASKED, None) or {}
    is_meant = asked.get("for") == purpose and asked.get("user") == (user.pk if user else None)
    if not is_meant or not 0 <= time.time() - asked["at"] < webauthn.SECONDS:
        raise Refused(GONE, code="not_asked")
    if not cache.add(f"passkey:{asked['challenge']}", 1, webauthn.SECONDS):
        raise Refused(GONE, code="not_asked")
    return asked


def _asked_of_visitor(request: HttpRequest, answer: str) -> dict[str, Any]:
    """The challenge of this answer's tab; otherwise the newest, which is then used up."""
    kept, signed = _kept(request), webauthn.challenge_in(answer)
    asked = next((one for one in kept if one[0] == signed), kept[0] if kept else None)
    return {"challenge": asked[0], "for": Purpose.SIGN_IN, "user": None, "at": asked[1]} if asked else {}


def _kept(request: HttpRequest) -> list[tuple[str, float]]:
    """This browser's latest challenges, newest first."""
    try:
        return [
            (str(challenge), float(at))
            for challenge, at in signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=webauthn.SECONDS)
        ]
    except (signing.BadSignature, ValueError, TypeError):
        return []


def prove(request: HttpRequest, answer: str, purpose: Purpose, user: User | None = None) -> User:
    """The signing passkey's owner: must be `user`, if given. Raises Refused, InvalidValue; failures are logged."""
    passkey = _named_in(answer)
    whose = user or (passkey.user if passkey else None)
    with _traced(request, whose):
        tries = for_passkey(request, whose)
        if not tries.take():
            raise Refused(PAUSE, code="pause")
        asked = answered(request, purpose, user, answer)
        if passkey is None or whose is None or passkey.user_id != whose.pk:
            raise InvalidValue("This passkey", "was not accepted")
        alone = purpose is not Purpose.SECOND_STEP
        passkeys.use_passkey(passkey, answer=answer, challenge=asked["challenge"], alone=alone)
    tries.forget()
    return whose


def _named_in(answer: str) -> Passkey | None:
    """A malformed answer names no passkey, and is counted like an unknown one."""
    try:
        return passkeys.find_passkey(answer)
    except InvalidValue:
        return None


@contextmanager
def _traced(request: HttpRequest, user: User | None) -> Iterator[None]:
    try:
        yield
    except InvalidValue:
        note_sign_in(request, Event.SIGN_IN_WRONG_PASSKEY, user)
        raise
    except Refused as error:
        note_sign_in(request, EVENTS.get(error.code, Event.SIGN_IN_REFUSED), user, code=error.code)
        raise
