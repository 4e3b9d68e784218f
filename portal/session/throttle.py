"""Rate limits for guessing passwords and codes that never lock out an account's owner.

Attempts are counted before anything is hashed, across all workers. A browser this user has signed in with
before (by its cookie, OWASP "device cookies") has attempts of its own. Everyone else shares: the attempts of an
address (for IPv6 its /64, which belongs to one customer) at one account, of an address at any name, and of all
addresses at one account. An account is the same by its username and by its email. No stranger uses up a known
browser's attempts, and of a break-glass account's only those of the same address.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from identity.core.keys import sought
from identity.core.origins import network_of
from identity.models import User
from portal.project.shared_cache import cache

TRIES = 5
PAUSE_SECONDS = 60
CODES_AN_HOUR = 20
NAME_TRIES_AN_HOUR = 30  # at one account from everywhere, except known browsers
ADDRESS_TRIES_AN_HOUR = 60  # from one address at any name, except known browsers
RESETS_AN_HOUR = 20  # requested by one address
QUESTIONS_A_MINUTE = 300  # for a passkey, by one address: the sign-in page asks by itself whenever it is opened
ACCESS_TOKENS_A_MINUTE = 120  # asked for by one address: an IdP needs one an hour for each of its workers
COOKIE = "__Host-known-browser" if settings.IS_HTTPS else "known-browser"
COOKIE_SECONDS = 365 * 24 * 3600
ACCOUNTS_OF_A_BROWSER = 5
_HOUR = 3600
_SALT = "portal.throttle.known_browser"


@dataclass(frozen=True, slots=True)
class Throttle:
    """A number of attempts, each of which returns after `seconds`; shared by all workers."""

    key: str
    tries: int = TRIES
    seconds: int = PAUSE_SECONDS

    def take(self) -> bool:
        """Use up an attempt in advance, so that concurrent ones count as well; False when none is left."""
        return bool(self.claim())

    def claim(self) -> str:
        """`take`, returning the attempt used up; empty when none is left. Then nothing is written."""
        slots = self._slots()
        taken = cache.get_many(slots)
        return next((slot for slot in slots if slot not in taken and cache.add(slot, 1, self.seconds)), "")

    def forget(self) -> None:
        """A correct attempt gives all of them back."""
        cache.delete_many(self._slots())

    def _slots(self) -> list[str]:
        return [f"{self.key}:{number}" for number in range(self.tries)]


@dataclass(frozen=True, slots=True)
class Rate:
    """An approximate limit per minute in a single row, for requests that guess nothing."""

    key: str
    most: int

    def take(self) -> bool:
        """Count one more; False above the limit, and nothing is written."""
        key = f"{self.key}:{int(time.time() // 60)}"
        number: int = cache.get(key, 0)
        if number < self.most:
            cache.set(key, number + 1, 2 * 60)
        return number < self.most


class Tries:
    """What one guess uses up: an attempt of each throttle, or none at all.

    `own` ones are all returned by a correct guess; of `shared` ones only what this guess took, since the others are
    not its author's.
    """

    def __init__(self, own: Iterable[Throttle], shared: Iterable[Throttle] = ()) -> None:
        self._own, self._shared = tuple(own), tuple(shared)
        self._taken: list[str] = []

    def take(self) -> bool:
        for throttle in (*self._shared, *self._own):
            slot = throttle.claim()
            if not slot:
                self.give_back()
                return False
            self._taken.append(slot)
        return True

    def give_back(self) -> None:
        """The guess was not checked."""
        cache.delete_many(self._taken)
        self._taken = []

    def forget(self) -> None:
        """The guess was correct."""
        self.give_back()
        for throttle in self._own:
            throttle.forget()


def for_password(request: HttpRequest, name: str, user: User | None) -> Tries:
    """Guesses at the password of a name; `user` is its owner, if any."""
    if user is not None and (browser := _browser(request, user)):
        return Tries([Throttle(_key("password", browser, str(user.pk)))])
    here, who = _network(request), str(user.pk) if user else f"unknown: {sought(name)}"
    at_account = Throttle(_key("password", here, who))
    if user is not None and user.is_break_glass:
        return Tries([at_account])
    from_anywhere = Throttle(_key("password", "anywhere", who), NAME_TRIES_AN_HOUR, _HOUR)
    at_any_name = Throttle(_key("password", here), ADDRESS_TRIES_AN_HOUR, _HOUR)
    return Tries([at_account, from_anywhere], [at_any_name])


def for_confirmation(request: HttpRequest) -> Tries:
    """Guesses at one's own password, in an open session: strangers are not involved."""
    return Tries([Throttle(_key("confirmation", str(request.session.session_key)))])


def for_code(request: HttpRequest, user: User) -> Tries:
    """Guesses at a user's code: from here, and from all unknown browsers.

    Someone who guesses codes already knows the password, and a code has six digits: the total per hour is limited.
    """
    browser = _browser(request, user)
    here = Throttle(_key("code", browser or _network(request), str(user.pk)))
    if browser:
        return Tries([here])
    return Tries([here, Throttle(_key("code", "anywhere", str(user.pk)), CODES_AN_HOUR, _HOUR)])


def for_passkey(request: HttpRequest, user: User | None) -> Tries:
    """Passkey answers; `user` is the owner, if known.

    They can't be guessed, so strangers' attempts are not counted at an account.
    """
    if user is not None and (browser := _browser(request, user)):
        return Tries([Throttle(_key("passkey", browser, str(user.pk)))])
    here = _network(request)
    at_any_account = Throttle(_key("passkey", here), ADDRESS_TRIES_AN_HOUR, _HOUR)
    if user is None:
        return Tries([], [at_any_account])
    at_account = Throttle(_key("passkey", here, str(user.pk)))
    return Tries([at_account], [] if user.is_break_glass else [at_any_account])


def for_question(request: HttpRequest) -> Rate:
    """Passkey challenges before the user is known; a browser that has signed in before has its own limit."""
    browser, _ = _remembered(request)
    return Rate(_key("question", browser or _network(request)), QUESTIONS_A_MINUTE)


def for_access_token(request: HttpRequest) -> Rate:
    """SCIM access tokens requested by an address, whatever assertions it sends."""
    return Rate(_key("access_token", _network(request)), ACCESS_TOKENS_A_MINUTE)


def for_reset(request: HttpRequest) -> Throttle:
    """Reset links requested by an address, whatever names it gives."""
    return Throttle(_key("reset", _network(request)), RESETS_AN_HOUR, _HOUR)


def _network(request: HttpRequest) -> str:
    return network_of(str(request.META.get("REMOTE_ADDR", "")))


# --- known browsers ---


def remember_browser(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """The user has signed in here: guesses from elsewhere do not count against this browser."""
    browser, accounts = _remembered(request)
    others = [account for account in accounts if account != user.pk]
    kept = [user.pk, *others][:ACCOUNTS_OF_A_BROWSER]
    response.set_cookie(
        COOKIE,
        signing.dumps([browser or secrets.token_urlsafe(12), *kept], salt=_SALT),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known(request: HttpRequest, user: User) -> bool:
    return bool(_browser(request, user))


def _browser(request: HttpRequest, user: User) -> str:
    """This browser's name, if this user has signed in with it; else empty."""
    browser, accounts = _remembered(request)
    return browser if user.pk in accounts else ""


def _remembered(request: HttpRequest) -> tuple[str, list[int]]:
    """The cookie's contents: the browser's name, and the ids of users who have signed in with it."""
    try:
        browser, *accounts = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=COOKIE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return str(browser), accounts


def _key(*parts: str) -> str:
    return f"throttle:{hashlib.sha256('|'.join(parts).encode()).hexdigest()}"
