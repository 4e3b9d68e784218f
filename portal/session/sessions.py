"""Where people are signed in: rows of allauth's usersessions beside Django's sessions, for people to see and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from identity.core.encryption import seal, unseal
from identity.core.errors import Refused
from identity.models import SSOConnection, SSOIdentity, User
from identity.services import users
from identity.services.sign_in import login
from identity.services.sign_in.assertions import Assertion
from portal.session.auth import SSO_BACKEND
from portal.session.store import SessionStore
from portal.session.user_agents import describe_browser

if TYPE_CHECKING:
    from identity.core.actors import Actor


def remember_session(request: HttpRequest, *, method: str) -> None:
    """Record a new session; the user's expired ones are deleted, with their contents."""
    user: User = request.user  # type: ignore[assignment]
    live = [session.pk for session in sessions_of(user)]
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    _end_all(others.exclude(pk__in=live))
    UserSession.objects.create_from_request(request)
    _note(request, {"method": method})


def renew_key(request: HttpRequest) -> None:
    """A leaked session key can't be used for what follows (ASVS 7.2.4)."""
    with still_listed(request):
        request.session.cycle_key()


@contextmanager
def still_listed(request: HttpRequest) -> Iterator[None]:
    """The session's key changes within the block; it stays the one that people see and can end."""
    before = request.session.session_key
    yield
    after = request.session.session_key
    if after and after != before:  # none: the session has ended in between
        UserSession.objects.filter(session_key=before).update(session_key=after)


def remember_provider(request: HttpRequest, connection: SSOConnection, assertion: Assertion, id_token: str) -> None:
    """The session at the identity provider behind this one, so that logging out there ends both."""
    request.session["sso_connection"] = connection.slug
    request.session["id_token"] = seal(id_token)
    _note(
        request,
        {
            "method": connection.protocol,
            "connection": connection.slug,
            "provider": str(connection.identity_provider),
            "sid": assertion.text("sid"),
        },
    )


def id_token_of(request: HttpRequest) -> str:
    """The ID token that opened this session, which a provider expects when asked to sign a person out."""
    try:
        return unseal(request.session.get("id_token", ""))
    except Refused:  # SECRET_KEY has changed since
        return ""


def _note(request: HttpRequest, data: dict[str, Any]) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).update(data=data)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session in recognisable terms."""

    pk: int
    key: str
    browser: str
    how: str
    address: str
    since: datetime


def sessions_of(user: User) -> list[SignedIn]:
    """The sessions that still work, newest first; two statements for any number."""
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    stored = Session.objects.filter(session_key__in=rows, expire_date__gt=timezone.now())
    data = {session.session_key: SessionStore().decode(session.session_data) for session in stored}
    live = [rows[key] for key, found in data.items() if _opens(found, user)]
    newest_first = sorted(live, key=lambda row: row.created_at, reverse=True)
    return [_shown(row) for row in newest_first]


def _opens(data: dict[str, Any], user: User) -> bool:
    by_sso = data.get(BACKEND_SESSION_KEY) == SSO_BACKEND
    keys = (None, *settings.SECRET_KEY_FALLBACKS)
    return any(
        constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.session_hash(by_sso=by_sso, secret=key))
        for key in keys
    )


def _shown(row: UserSession) -> SignedIn:
    provider = row.data.get("provider")
    alone = "with a passkey" if row.data.get("method") == "passkey" else "with a password"
    how = f"through {provider}" if provider else alone
    return SignedIn(row.pk, row.session_key, describe_browser(row.user_agent), how, row.ip, row.created_at)


def end_session(user: User, pk: int, *, actor: Actor) -> bool:
    """End one of this user's sessions; the next request with its cookie is refused on every worker.

    Raises Refused unless the actor is this user or an administrator who may.
    """
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session is None:
        return False
    users.record_session_ended(user, actor=actor)
    session.end()
    return True


def end_other_sessions(user: User, *, keeping: str | None) -> int:
    """End all of this user's sessions except the one with this key; how many."""
    return len(_end_all(UserSession.objects.filter(user=user).exclude(session_key=keeping or "")))


def end_provider_sessions(connection: SSOConnection, *, subject: str, sid: str) -> None:
    """Back-channel logout: the sessions of one session at the identity provider, else of the person there.

    A session whose ID token had no `sid` can't be told from the user's others, and ends as well.
    """
    rows = UserSession.objects.filter(data__connection=connection.slug)
    identities = SSOIdentity.objects.filter(identity_provider=connection.identity_provider_id, subject=subject)
    of_person = rows.filter(user__in=identities.values("user"))
    meant = rows.filter(data__sid=sid) | of_person.filter(data__sid="") if sid else of_person
    login.record_logout(connection, sorted({session.user_id for session in _end_all(meant)}))


def _end_all(rows: Any) -> list[UserSession]:
    sessions = list(rows)
    for session in sessions:
        session.end()
    return sessions
