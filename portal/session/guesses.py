"""Password attempts: counted, then hashed, with limited concurrency.

By design a hash costs half a second of CPU. A flood of guesses would occupy every thread of a worker, so each
process hashes only so many at once; further attempts are rejected at once, at no cost, and may retry. Known browsers
and break-glass accounts have a reserve of their own, which a flood of strangers can't use up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from django.http import HttpRequest, HttpResponse

from identity.core.actors import Visitor
from identity.core.errors import Refused
from identity.core.origins import Origin
from identity.events import Event
from identity.models import User
from identity.services import traces
from portal.session.auth import find_user, verify_password
from portal.session.throttle import Tries, for_confirmation, for_password, is_known

PAUSE = "Too many wrong passwords. Wait a minute, then try again."
BUSY = "Too many people are signing in right now. Try again in a few seconds."
SLOWED = {"pause": 60, "busy": 5, "pause_an_hour": 3600}  # seconds until a retry, by the refusal's code

# Of a process's sixteen threads (make serve), at most seven.
STRANGERS = BoundedSemaphore(4)
KNOWN = BoundedSemaphore(2)
BREAK_GLASS = BoundedSemaphore(1)


def guess_password(request: HttpRequest, name: str, password: str) -> User | None:
    """The user with this username or email, if the password is correct. Raises Refused.

    The account is found first, so that its attempts count the same under either name; an unknown name is counted
    and hashed alike.
    """
    user = find_user(name)
    with noted(request, user):
        found = _guess(user, password, for_password(request, name, user), _room(request, user))
    if found is None:
        note_sign_in(request, Event.SIGN_IN_WRONG_PASSWORD if user else Event.SIGN_IN_UNKNOWN_NAME, user)
    return found


def guess_own_password(request: HttpRequest, password: str) -> bool:
    """Whether this is the signed-in user's password. Raises Refused."""
    user: User = request.user  # type: ignore[assignment]
    with noted(request, user):
        found = _guess(user, password, for_confirmation(request), KNOWN)
    if found is None:
        note_sign_in(request, Event.SIGN_IN_WRONG_PASSWORD, user, at="confirmation")
    return found is not None


@contextmanager
def noted(request: HttpRequest, user: User | None) -> Iterator[None]:
    """Record a refusal: too many attempts, or a correct password that is not accepted."""
    try:
        yield
    except Refused as error:
        action = Event.SIGN_IN_PAUSED if error.code in SLOWED else Event.SIGN_IN_REFUSED
        note_sign_in(request, action, user, code=error.code)
        raise


def note_sign_in(request: HttpRequest, action: Event, user: User | None, **details: str) -> None:
    """A failed attempt to sign in, for the account it was about, if any."""
    origin, user_id = Origin.of(request.META), user.pk if user else None
    actor = Visitor("Sign-in page")
    traces.note(action, actor=actor, origin=origin, user_id=user_id, identity_provider_id=None, **details)


class SlowedDown:
    """Mixed into a form's page: a throttled attempt is answered 429, with Retry-After."""

    def form_invalid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        codes = {error.code for errors in form.errors.as_data().values() for error in errors}
        if waits := [SLOWED[code] for code in codes if code in SLOWED]:
            answer.status_code = 429
            answer["Retry-After"] = str(max(waits))
        return answer


def _room(request: HttpRequest, user: User | None) -> BoundedSemaphore:
    if user is None:
        return STRANGERS
    if is_known(request, user):
        return KNOWN
    return BREAK_GLASS if user.is_break_glass else STRANGERS


def _guess(user: User | None, password: str, tries: Tries, room: BoundedSemaphore) -> User | None:
    if not tries.take():
        raise Refused(PAUSE, code="pause")
    with _place_in(room, tries):
        found = verify_password(user, password)
    if found is not None:
        tries.forget()
    return found


@contextmanager
def _place_in(room: BoundedSemaphore, tries: Tries) -> Iterator[None]:
    if not room.acquire(blocking=False):
        tries.give_back()
        raise Refused(BUSY, code="busy")
    try:
        yield
    finally:
        room.release()
