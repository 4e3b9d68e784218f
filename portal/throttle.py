"""How fast somebody may guess passwords and codes, without ever locking the owner of an account out.

Tries are counted for a name together with where they come from: a browser that this person has signed in with
before (it carries a cookie, OWASP "device cookies"), else an address. Nobody uses up anybody else's tries.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from identity.keys import fold
from identity.models import User
from portal.shared_cache import cache

TRIES = 5
PAUSE_SECONDS = 60
CODES_AN_HOUR = 20
COOKIE = "__Host-known-browser" if settings.IS_HTTPS else "known-browser"
COOKIE_SECONDS = 365 * 24 * 3600
_SALT = "portal.throttle"


@dataclass(frozen=True, slots=True)
class Throttle:
    """Some tries, each of which comes back after `seconds`; all workers count together."""

    key: str
    tries: int = TRIES
    seconds: int = PAUSE_SECONDS

    def take(self) -> bool:
        """Use up a try before it is made, so that tries made at once count as well; False when none is left."""
        slots = self._slots()
        taken = cache.get_many(slots)
        return any(slot not in taken and cache.add(slot, 1, self.seconds) for slot in slots)

    def forget(self) -> None:
        """The try was right: all of them are back."""
        cache.delete_many(self._slots())

    def _slots(self) -> list[str]:
        return [f"{self.key}:{number}" for number in range(self.tries)]


def for_password(request: HttpRequest, name: str) -> Throttle:
    """Guesses at the password of a name, from one browser or address."""
    return Throttle(_key("password", _origin(request, name), fold(name.strip())))


def for_code(request: HttpRequest, user: User) -> list[Throttle]:
    """Guesses at somebody's code: from here, and from wherever nobody has signed in before.

    Who guesses codes knows the password already, and a code has six digits: there are only so many an hour in all.
    """
    throttles = [Throttle(_key("code", _origin(request, user.username), str(user.pk)))]
    if not is_known(request, user.username):
        throttles.append(Throttle(_key("code", "anywhere", str(user.pk)), CODES_AN_HOUR, 3600))
    return throttles


def remember_browser(response: HttpResponseBase, user: User) -> None:
    """The password was right here: guesses from elsewhere do not count against this browser."""
    names = [_digest(key) for key in (user.username_key, user.email_key) if key]
    value = signing.dumps([secrets.token_urlsafe(12), *names], salt=_SALT)
    response.set_cookie(
        COOKIE,
        value,
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_known(request: HttpRequest, name: str) -> bool:
    return bool(_browser(request, name))


def _origin(request: HttpRequest, name: str) -> str:
    return _browser(request, name) or str(request.META.get("REMOTE_ADDR", ""))


def _browser(request: HttpRequest, name: str) -> str:
    """What this browser is called, if this person has signed in with it; else empty."""
    try:
        browser, *names = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=COOKIE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return browser if _digest(fold(name.strip())) in names else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(*parts: str) -> str:
    return f"throttle:{_digest('|'.join(parts))}"
