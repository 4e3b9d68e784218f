"""The keys that an identity provider publishes for checking its signatures (RFC 7517), and which one a token names."""

from __future__ import annotations

from typing import Any

from requests import RequestException

from identity.core.key_sets import public_keys
from portal.sso.kept import Published
from portal.sso.outgoing import GuardedSession

# Asymmetric only: with HS256, anyone with the provider's public key, or a guessed secret, could sign as well.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SKEW_SECONDS = 60  # SR-42
FRESH_SECONDS = 300
STALE_SECONDS = 3600


def published_at(address: str) -> Published:
    return Published(address, FRESH_SECONDS, STALE_SECONDS, _fetch)


def fitting(keys: list[dict[str, Any]], header: dict[str, Any]) -> list[dict[str, Any]]:
    """By the token's key id; a key without an id may match, and a token without one may match any key."""
    alg, kid = header["alg"], header.get("kid")
    usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("alg", alg) == alg]
    if kid is None:
        return usable
    return [key for key in usable if key.get("kid") == kid] or [key for key in usable if key.get("kid") is None]


def _fetch(address: str) -> list[dict[str, Any]]:
    with GuardedSession() as session:
        response = session.get(address)
        response.raise_for_status()
        keys = public_keys(response.json())
    if keys is None:
        raise RequestException("The provider's key set is none.")
    return keys
