"""Signing out at both ends: the provider tells us (back-channel logout), or the person goes there (RP-initiated)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import jwt
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from requests import RequestException

from identity.errors import NotFound
from identity.models import SSOConnection
from identity.services.sso_login import find_connection
from portal.sessions import end_provider_sessions
from portal.sso.discovery import discover
from portal.sso.views import connection_or_404

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST_SECONDS = 300
SIGNATURES = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


class BadToken(Exception):
    """A logout token that proves nothing."""


@csrf_exempt
@require_POST
@never_cache
def backchannel_logout(request: HttpRequest, slug: str) -> HttpResponse:
    """The identity provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0)."""
    connection = connection_or_404(slug)
    try:
        token = verified(connection, request.POST.get("logout_token", ""))
    except (BadToken, OAuth2Error, RequestException, KeyError, TypeError, ValueError):
        return JsonResponse({"error": "invalid_request"}, status=400)
    end_provider_sessions(connection, subject=str(token.get("sub", "")), sid=str(token.get("sid", "")))
    return HttpResponse(status=200)


def verified(connection: SSOConnection, token: str) -> dict[str, Any]:
    """The claims of a logout token, checked as section 2.6 asks. Raises BadToken and what allauth raises."""
    if connection.protocol != SSOConnection.Protocol.OIDC or len(token) > 16_384:
        raise BadToken
    _check_algorithm(token)
    document = discover(connection)
    claims: dict[str, Any] = jwtkit.verify_and_decode(
        credential=token,
        keys_url=document["jwks_uri"],
        issuer=document["issuer"],
        audience=connection.client_id,
        lookup_kid=jwtkit.lookup_kid_jwk,
    )
    _check_logout(claims)
    return claims


def _check_algorithm(token: str) -> None:
    try:
        algorithm = jwt.get_unverified_header(token).get("alg")
    except jwt.PyJWTError as error:
        raise BadToken from error
    if algorithm not in SIGNATURES:
        raise BadToken


def _check_logout(claims: dict[str, Any]) -> None:
    is_logout = EVENT in (claims.get("events") or {})
    is_recent = abs(time.time() - float(claims["iat"])) < OLDEST_SECONDS
    names_somebody = bool(claims.get("sub") or claims.get("sid"))
    if not (is_logout and is_recent and names_somebody) or "nonce" in claims or not claims.get("jti"):
        raise BadToken


def provider_logout_url(request: HttpRequest) -> tuple[str, str] | None:
    """Where the person can sign out of the identity provider as well, and its name; None when there is no such page."""
    slug = request.session.get("sso_connection")
    try:
        connection = find_connection(slug) if slug else None
        if connection is None or connection.protocol != SSOConnection.Protocol.OIDC:
            return None
        end_session: str = discover(connection).get("end_session_endpoint", "")
    except (NotFound, RequestException, ValueError):
        return None
    if not end_session.startswith(("https://", *settings.SSO_INTERNAL_ORIGINS)):
        return None
    back = f"{settings.PUBLIC_URL}{reverse('login')}"
    query = urlencode({"client_id": connection.client_id, "post_logout_redirect_uri": back})
    return f"{end_session}?{query}", connection.identity_provider.name
