"""An OpenID Connect provider's own description."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from requests import RequestException

from identity.models import SSOConnection
from portal.sso.outgoing import GuardedSession, is_protected

PATH = "/.well-known/openid-configuration"
REMEMBERED_SECONDS = 300


def discover(connection: SSOConnection) -> dict[str, Any]:
    """The discovery document. Raises RequestException when it can't be had."""
    key = f"oidc-discovery:{connection.issuer}"
    found = cache.get(key)
    if found is None:
        found = _fetch(connection.issuer)
        cache.set(key, found, REMEMBERED_SECONDS)
    return found  # type: ignore[no-any-return]


def _fetch(issuer: str) -> dict[str, Any]:
    with GuardedSession() as session:
        response = session.get(issuer.rstrip("/") + PATH)
        response.raise_for_status()
        document = response.json()
    if not isinstance(document, dict) or str(document.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise RequestException("The discovery document is of another issuer.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _check_address(document.get(name))
    return document


def _check_address(address: Any) -> None:
    """People are sent to the one, and the others get secrets: none of it goes over plain http (SR-43)."""
    if not isinstance(address, str) or not is_protected(address):
        raise RequestException("The discovery document lacks an endpoint, or has one without TLS.")
