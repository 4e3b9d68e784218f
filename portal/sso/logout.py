"""Signing out at both ends: the provider notifies us (back-channel logout), or the person goes there (RP-initiated)."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Any
from urllib.parse import urlencode

import jwt
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from requests import RequestException

from identity.core.errors import NotFound
from identity.models import IdentityProvider, SSOConnection
from identity.services.sign_in.login import find_connection
from portal.project.shared_cache import cache
from portal.session.sessions import end_provider_sessions, id_token_of
from portal.sso.addresses import sign_in_page
from portal.sso.discovery import discover
from portal.sso.outgoing import is_protected, with_query
from portal.sso.signed_tokens import MOST_KIB_FROM_ANYBODY, BadToken, verified
from portal.sso.views import connection_or_404

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST_SECONDS = 300
LONGEST_ADDRESS = 2_000  # Entra ID refuses longer ones (AADSTS90015), others answer 414

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
@never_cache
def backchannel_logout(request: HttpRequest, slug: str) -> HttpResponse:
    """The identity provider reports that a person signed out there (OpenID Connect Back-Channel Logout 1.0)."""
    connection = connection_or_404(slug)
    try:
        claims = verified_logout(connection, request.POST.get("logout_token", ""))
        with transaction.atomic():  # a token is used up only if the sessions have ended: the provider may retry
            use_up(claims)
            end_provider_sessions(connection, subject=str(claims.get("sub", "")), sid=str(claims.get("sid", "")))
    except (BadToken, RequestException, ValueError) as error:
        log.warning("A logout token of %s was refused: %s", connection, error)
        return JsonResponse({"error": "invalid_request"}, status=400)
    return HttpResponse(status=200)


def verified_logout(connection: SSOConnection, token: str) -> dict[str, Any]:
    """The claims of a logout token, checked as section 2.6 requires. Raises BadToken and RequestException."""
    if connection.protocol != SSOConnection.Protocol.OIDC:
        raise BadToken("not a provider that sends logout tokens")
    claims = verified(connection, token, required=("jti",), most_kib=MOST_KIB_FROM_ANYBODY)
    _check_logout(claims)
    return claims


def use_up(claims: dict[str, Any]) -> None:
    """Raises BadToken for a token that was used before."""
    replay = hashlib.sha256(f"{claims['iss']}|{claims['jti']}".encode()).hexdigest()
    if not cache.add(f"logout-token:{replay}", 1, 2 * OLDEST_SECONDS):
        raise BadToken("used before")


def _check_logout(claims: dict[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or EVENT not in events or "nonce" in claims:
        raise BadToken("not a logout token")
    if abs(time.time() - float(claims["iat"])) > OLDEST_SECONDS:
        raise BadToken("too old")
    if not (claims.get("sub") or claims.get("sid")):
        raise BadToken("no subject")


def provider_logout_url(request: HttpRequest) -> tuple[str, str] | None:
    """The URL for signing out of the identity provider as well, and its name; None without such a page."""
    slug = request.session.get("sso_connection")
    try:
        connection = find_connection(slug) if slug else None
        if connection is None or connection.protocol != SSOConnection.Protocol.OIDC:
            return None
        end_session: str = discover(connection).get("end_session_endpoint", "")
        if not is_protected(end_session):
            return None
    except (NotFound, RequestException, ValueError):
        return None
    return _address(end_session, connection, id_token_of(request)), connection.identity_provider.name


def _address(end_session: str, connection: SSOConnection, id_token: str) -> str:
    """The link to the provider's page: without the ID token, which grows with its groups and identifies the user.

    The provider knows the user by its own cookie and by the logout_hint it gave us. Okta signs
    no one out without the token, so it gets a short one.
    """
    wishes = {
        "client_id": connection.client_id,
        "post_logout_redirect_uri": sign_in_page(),
        "logout_hint": _hint_in(id_token),
    }
    address = _with_query(end_session, wishes)
    if connection.identity_provider.kind != IdentityProvider.Kind.OKTA:
        return address
    longer = _with_query(end_session, {"id_token_hint": id_token, **wishes})
    return longer if len(longer) <= LONGEST_ADDRESS else address


def _with_query(address: str, wishes: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in wishes.items() if value})
    return with_query(address, query)


def _hint_in(id_token: str) -> str:
    """Entra ID's `login_hint` claim, else the session's id (Auth0): how providers recognise this sign-in.

    The token was verified on arrival.
    """
    try:
        claims = jwt.decode(id_token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return ""
    hint = claims.get("login_hint") or claims.get("sid")
    return hint if isinstance(hint, str) else ""
