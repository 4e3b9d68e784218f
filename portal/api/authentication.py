"""The caller: a person with an API token, or one signed in to this browser (then with CSRF)."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from identity.core import serving
from identity.core.actors import Visitor
from identity.core.origins import Origin
from identity.events import Event
from identity.models import APIToken, Scope, User
from identity.services import api_tokens, traces

CHALLENGE = 'Bearer realm="Gatehouse API"'


@dataclass(frozen=True, slots=True)
class Credentials:
    """The request's token, and its use of the current minute."""

    token: APIToken
    use: api_tokens.TokenUse

    def allows(self, scope: str) -> bool:
        """Write includes read."""
        held = self.token.scope_set
        return scope in held or (scope == Scope.READ and Scope.WRITE in held)


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer ghapi_…` (RFC 6750), and nowhere else: not in the URL, a cookie or a body."""

    def authenticate(self, request: Request) -> tuple[User, Credentials] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        token = api_tokens.find_api_token(secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            traces.note(Event.API_TOKEN_UNKNOWN, actor=Visitor("REST API"), origin=Origin.of(request.META))
            raise AuthenticationFailed("This is no API token of this portal, or it has ended.", code="invalid_token")
        serving.note_user(token.user_id)
        return token.user, Credentials(token, _count(token, request))

    def authenticate_header(self, request: Request) -> str:
        """The error code distinguishes a wrong token from a missing one (RFC 6750 section 3.1)."""
        return f'{CHALLENGE}, error="invalid_token"' if "Authorization" in request.headers else CHALLENGE


def _count(token: APIToken, request: Request) -> api_tokens.TokenUse:
    address = str(request.META.get("REMOTE_ADDR", ""))
    use = api_tokens.note_use(token, address=address, limit=settings.API_REQUESTS_PER_MINUTE)
    if use.is_over:
        raise Throttled(wait=use.seconds_left)
    return use


class Session(SessionAuthentication):
    """Django's session, with a CSRF token on every write (SR-24)."""
