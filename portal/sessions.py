"""Who is signed in where: rows of allauth's usersessions beside Django's sessions, for people to see and end."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from identity.errors import Refused
from identity.models import SSOConnection, SSOIdentity, User
from identity.services.sealing import seal, unseal
from identity.services.sso_login import Assertion


def remember_session(request: HttpRequest, *, method: str) -> None:
    """A session was opened; rows of sessions that are gone go too."""
    UserSession.objects.purge_and_list(request.user)
    UserSession.objects.create_from_request(request)
    _note(request, {"method": method})


def remember_provider(request: HttpRequest, connection: SSOConnection, assertion: Assertion, id_token: str) -> None:
    """Which session at the identity provider this one came from, so that the logout of one can end the other."""
    request.session["sso_connection"] = connection.slug
    request.session["id_token"] = seal(id_token)
    _note(
        request,
        {"method": connection.protocol, "connection": connection.slug, "sid": assertion.text("sid")},
    )


def id_token_of(request: HttpRequest) -> str:
    """The ID token that opened this session: a provider that is asked to sign somebody out wants to see it."""
    try:
        return unseal(request.session.get("id_token", ""))
    except Refused:  # SECRET_KEY has changed meanwhile
        return ""


def _note(request: HttpRequest, data: dict[str, Any]) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).update(data=data)


def sessions_of(user: User) -> list[UserSession]:
    """The sessions that still work, the newest first."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda session: session.created_at, reverse=True)


def end_session(user: User, pk: int) -> bool:
    """End one of this person's sessions; the next request with its cookie is refused on every worker."""
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session is not None:
        session.end()
    return session is not None


def end_other_sessions(request: HttpRequest) -> int:
    """End all of this person's sessions but the one that asks."""
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    return _end_all(others)


def end_provider_sessions(connection: SSOConnection, *, subject: str, sid: str) -> int:
    """Back-channel logout: the sessions of one session at the identity provider, else of the person there.

    A session whose ID token named none (`sid`) can't be told from the others of its person, and ends as well.
    """
    rows = UserSession.objects.filter(data__connection=connection.slug)
    identities = SSOIdentity.objects.filter(identity_provider=connection.identity_provider_id, subject=subject)
    of_person = rows.filter(user__in=identities.values("user"))
    if not sid:
        return _end_all(of_person)
    return _end_all(rows.filter(data__sid=sid) | of_person.filter(data__sid=""))


def _end_all(rows: Any) -> int:
    sessions = list(rows)
    for session in sessions:
        session.end()
    return len(sessions)
