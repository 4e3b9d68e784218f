"""JSON Web Tokens that an OpenID Connect provider signed: ID tokens and logout tokens (RFC 7519, RFC 8725)."""

from __future__ import annotations

from typing import Any

import jwt
from django.core.cache import cache
from requests import RequestException

from identity.models import SSOConnection
from portal.sso.bad_answers import BadAnswer
from portal.sso.discovery import discover
from portal.sso.outgoing import GuardedSession

# Asymmetric ones only: with HS256 a provider's public key, or a guess at the secret, would sign as well as it does.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MOST_CHARACTERS = 16_384
SKEW_SECONDS = 60  # SR-42
KEYS_REMEMBERED_SECONDS = 300
SECONDS_BETWEEN_REFRESHES = 30


class BadToken(BadAnswer):
    """A token that proves nothing."""


def verified(connection: SSOConnection, token: str, *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The claims of a token that this provider signed, for the portal, and that is still good.

    Raises BadToken, or RequestException when the provider's keys can't be had.
    """
    if len(token) > MOST_CHARACTERS:
        raise BadToken("too long")
    document = discover(connection)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(document, jwt.get_unverified_header(token)),
            algorithms=SIGNATURES,
            issuer=document["issuer"],
            audience=connection.client_id,
            leeway=SKEW_SECONDS,
            options={"require": ["iss", "aud", "iat", *required]},
        )
    except (jwt.PyJWTError, KeyError, TypeError, AttributeError) as error:
        raise BadToken(type(error).__name__) from error
    _check_authorized_party(claims, connection)
    return claims


def _check_authorized_party(claims: dict[str, Any], connection: SSOConnection) -> None:
    """A token for several audiences must name the portal as the party it was issued to (OIDC Core 3.1.3.7)."""
    party = claims.get("azp")
    if party is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise BadToken("several audiences")
    if party is not None and party != connection.client_id:
        raise BadToken("issued to another party")


def _key(document: dict[str, Any], header: dict[str, Any]) -> jwt.PyJWK:
    """The provider's key that the header names; read anew when a key is not known yet, as after a rotation."""
    if header.get("alg") not in SIGNATURES:
        raise BadToken("not an algorithm that is accepted")
    address = document["jwks_uri"]
    found = _pick(_keys(address), header)
    if found is None and cache.add(f"jwks-refresh:{address}", 1, SECONDS_BETWEEN_REFRESHES):
        cache.delete(f"jwks:{address}")
        found = _pick(_keys(address), header)
    if found is None:
        raise BadToken("signed with an unknown key")
    return jwt.PyJWK(found, header["alg"])


def _pick(keys: list[dict[str, Any]], header: dict[str, Any]) -> dict[str, Any] | None:
    """By its id; a token without one is checked with the provider's only key."""
    kid = header.get("kid")
    fitting = [key for key in keys if key.get("use", "sig") == "sig" and kid in {None, key.get("kid")}]
    return fitting[0] if len(fitting) == 1 or (fitting and kid) else None


def _keys(address: str) -> list[dict[str, Any]]:
    name = f"jwks:{address}"
    keys: list[dict[str, Any]] | None = cache.get(name)
    if keys is None:
        keys = _fetch(address)
        cache.set(name, keys, KEYS_REMEMBERED_SECONDS)
    return keys


def _fetch(address: str) -> list[dict[str, Any]]:
    with GuardedSession() as session:
        response = session.get(address)
        response.raise_for_status()
        document = response.json()
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise RequestException("The provider's key set is none.")
    return [key for key in keys if isinstance(key, dict)]
