"""Sessions with a fixed end, whatever is saved in them (SESSION_ENGINE).

Django extends a session with each save, so that a page message would prolong it. Here the end depends on what the
session holds: when it was opened, and the user's last activity. Anonymous ones, such as a sign-in in progress,
end soon.
"""

from __future__ import annotations

import time
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from identity.db.pruning import prune
from portal.session.auth import PASSWORD_BACKEND, SSO_BACKEND

OPENED, SEEN = "opened_at", "seen_at"
ANONYMOUS_SECONDS = 30 * 60  # as long as a person may take at an identity provider's page
SECONDS_BETWEEN_NOTES = 60
ROWS_AT_ONCE = 1_000

# Old names, found in sessions, of the backends that opened them.
RENAMED = {"portal.auth.PasswordBackend": PASSWORD_BACKEND, "portal.auth.SSOBackend": SSO_BACKEND}


class SessionStore(db.SessionStore):
    """Rows of django_session with an end that no save moves."""

    def get_session_cookie_age(self) -> int:
        """How many seconds are left."""
        if SESSION_KEY not in self:
            return ANONYMOUS_SECONDS
        now = time.time()
        ends: float = self.get(OPENED, now) + settings.SESSION_COOKIE_AGE
        if settings.SESSION_IDLE_SECONDS:
            ends = min(ends, self.get(SEEN, now) + settings.SESSION_IDLE_SECONDS)
        return max(round(ends - now), 0)

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Keeps people signed in across the upgrade that renamed the backends."""
        data: dict[str, Any] = super().decode(session_data)
        if data.get(BACKEND_SESSION_KEY) in RENAMED:
            data[BACKEND_SESSION_KEY] = RENAMED[data[BACKEND_SESSION_KEY]]
        return data

    def save(self, must_create: bool = False) -> None:
        """The first save of a signed-in session records when it was opened."""
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        if SESSION_KEY in data:
            now = time.time()
            data.setdefault(OPENED, now)
            data.setdefault(SEEN, now)
        super().save(must_create)

    @classmethod
    def clear_expired(cls) -> None:
        """What `manage.py clearsessions` does."""
        delete_expired()


def note_activity(request: HttpRequest) -> None:
    """Record activity, once a minute; a page's automatic requests don't count."""
    session: Any = request.session
    if not session.accessed or "HX-Request" in request.headers or SESSION_KEY not in session:
        return
    if time.time() - session.get(SEEN, 0) >= SECONDS_BETWEEN_NOTES:
        session[SEEN] = time.time()


def expired() -> int:
    """How many rows could be deleted."""
    return Session.objects.filter(expire_date__lt=timezone.now()).count()


def delete_expired() -> int:
    """Delete expired sessions, and the entries of deleted sessions in people's lists; how many."""
    return prune(_some_expired, _delete)


def _some_expired() -> list[str]:
    """Rows that another process is deleting are left to it."""
    old = Session.objects.select_for_update(skip_locked=True).filter(expire_date__lt=timezone.now())
    return list(old.values_list("session_key", flat=True)[:ROWS_AT_ONCE])


def _delete(keys: list[str]) -> int:
    UserSession.objects.filter(session_key__in=keys).delete()
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)


def forget_sessions(user_id: int) -> None:
    """Delete all sessions of a permanently deleted user: they may hold an encrypted ID token (R10)."""
    keys = UserSession.objects.filter(user=user_id).values("session_key")
    Session.objects.filter(session_key__in=keys).delete()
