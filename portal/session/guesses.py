"""Passwords that are tried: counted, then hashed, and never more at once than the server can bear.

A hash costs half a second of a processor by design. A flood of guesses would take every thread of a worker, so each
process hashes only so many at once; who comes on top is told to try again, at once and without work. Known browsers
and break-glass accounts have room of their own, which a flood of strangers can't fill.
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
SLOWED = {"pause": 60, "busy": 5, "pause_an_hour": 3600}  # by the refusal's code: after how many seconds to try again

# Of the sixteen threads of a process (make serve), seven at most.
STRANGERS = BoundedSemaphore(4)
KNOWN = BoundedSemaphore(2)
BREAK_GLASS = BoundedSemaphore(1)


def guess_password(request: HttpRequest, name: str, password: str) -> User | None:
    """The user whose username or email this is, if the password is right. Raises Refused.

    The account is found first, so that its tries are the same by whichever name; a name that is nobody's is counted
    and hashed alike.
    """
    user = find_user(name)
    with noted(request, user):
        found = _guess(user, password, for_password(request, name, user), _room(request, user))
    if found is None:
        note_sign_in(request, Event.SIGN_IN_WRONG_PASSWORD if user else Event.SIGN_IN_UNKNOWN_NAME, user)
    return found


def guess_own_password(request: HttpRequest, password: str) -> bool:
    """Whether this is the password of the person who is signed in. Raises Refused."""
    user: User = request.user  # type: ignore[assignment]
    with noted(request, user):
        found = _guess(user, password, for_confirmation(request), KNOWN)
    if found is None:
        note_sign_in(request, Event.SIGN_IN_WRONG_PASSWORD, user, at="confirmation")
    return found is not None


@contextmanager
def noted(request: HttpRequest, user: User | None) -> Iterator[None]:
    """A refusal leaves its trace: for haste, or because the door is closed to who knows the password."""
    try:
        yield
    except Refused as error:
        action = Event.SIGN_IN_PAUSED if error.code in SLOWED else Event.SIGN_IN_REFUSED
        note_sign_in(request, action, user, code=error.code)
        raise


def note_sign_in(request: HttpRequest, action: Event, user: User | None, **details: str) -> None:
    """A try to sign in that failed, at the account it was about, if it was at anybody's."""
    origin, user_id = Origin.of(request.META), user.pk if user else None
    traces.note(action, actor=Visitor("Sign-in page"), origin=origin, user_id=user_id, **details)


class SlowedDown:
    """Mixed into a form's page: one that was refused for its haste answers 429, and when to try again."""

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
