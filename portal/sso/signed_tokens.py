"""JSON Web Tokens that an OpenID Connect provider signed: ID tokens, logout tokens, userinfo (RFC 7519, RFC 8725)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
from requests import RequestException

from identity.models import SSOConnection
from portal.sso.bad_answers import BadAnswer
from portal.sso.discovery import discover, published
from portal.sso.kept import Published
from portal.sso.outgoing import GuardedSession

# Asymmetric ones only: with HS256 a provider's public key, or a guess at the secret, would sign as well as it does.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
MOST_KIB = 128  # a thousand groups by their names, six hundred by their distinguished names in Active Directory
MOST_KIB_FROM_ANYBODY = 16
MOST_KEYS = 50
SKEW_SECONDS = 60  # SR-42
KEYS_FRESH_SECONDS = 300
KEYS_STALE_SECONDS = 3600
GOOGLE = "https://accounts.google.com"
PARTS_OF_A_KEY = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")


class BadToken(BadAnswer):
    """A token that proves nothing."""


def verified(
    connection: SSOConnection, token: str, *, required: tuple[str, ...] = (), most_kib: int = MOST_KIB
) -> dict[str, Any]:
    """The claims of a token that this provider signed, for the portal, and that is still good.

    Raises BadToken, or RequestException when the provider's keys can't be had.
    """
    document = discover(connection)
    claims = _signed_claims(
        connection,
        token,
        most_kib=most_kib,
        issuer=_names_of(document["issuer"]),
        audience=connection.client_id,
        options={"require": ["iss", "aud", "iat", *required]},
    )
    _check_authorized_party(claims, connection)
    return claims


def verified_userinfo(connection: SSOConnection, token: str) -> dict[str, Any]:
    """Userinfo that came signed; what it says of issuer and audience must be right (OpenID Connect Core 5.3.2)."""
    claims = _signed_claims(connection, token, options={"verify_iss": False, "verify_aud": False})
    audience = claims.get("aud", connection.client_id)
    if claims.get("iss", document_issuer := discover(connection)["issuer"]) not in _names_of(document_issuer):
        raise BadToken("userinfo of another issuer")
    if connection.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise BadToken("userinfo for another party")
    return claims


def _names_of(issuer: str) -> list[str]:
    """Google documents that it may leave out the scheme (developers.google.com/identity/openid-connect/reference)."""
    return [issuer, issuer.removeprefix("https://")] if issuer == GOOGLE else [issuer]


def _check_authorized_party(claims: dict[str, Any], connection: SSOConnection) -> None:
    """A token for several audiences must name the portal as the party it was issued to (OIDC Core 3.1.3.7)."""
    party = claims.get("azp")
    if party is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise BadToken("several audiences")
    if party is not None and party != connection.client_id:
        raise BadToken("issued to another party")


def _signed_claims(connection: SSOConnection, token: str, *, most_kib: int = MOST_KIB, **checks: Any) -> dict[str, Any]:
    """Whatever these checks ask, with one of the provider's keys."""
    if len(token) > most_kib * 1024:
        raise BadToken(f"a token of {len(token) // 1024} KiB, and at most {most_kib} are read: have fewer groups sent")
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in SIGNATURES:
            raise BadToken("not an algorithm that is accepted")
        return _checked(connection, token, header, checks)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadToken(type(error).__name__) from error


def _checked(connection: SSOConnection, token: str, header: dict[str, Any], checks: dict[str, Any]) -> dict[str, Any]:
    """By the first key that fits: providers leave out `kid`, or publish another key under the same."""
    for key in _keys_for(connection, header):
        try:
            key_object = jwt.PyJWK(key, header["alg"])
            return jwt.decode(token, key_object, algorithms=SIGNATURES, leeway=SKEW_SECONDS, **checks)
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, jwt.PyJWKError):
            continue
    raise BadToken("signed with an unknown key")


def _keys_for(connection: SSOConnection, header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that are kept, then, for who has tried them all, those of now; asked for at most twice a minute."""
    keys = _published_keys(connection)
    yield from _fitting(keys.read(), header)
    if (now := keys.read_anew()) is not None:
        published(connection).outdate()  # with its keys the provider may have moved their address
        yield from _fitting(now, header)


def _published_keys(connection: SSOConnection) -> Published:
    return Published(discover(connection)["jwks_uri"], KEYS_FRESH_SECONDS, KEYS_STALE_SECONDS, _fetch)


def _fitting(keys: list[dict[str, Any]], header: dict[str, Any]) -> list[dict[str, Any]]:
    """By the id that the token names; a key without one may be meant, and any by a token that names none."""
    alg, kid = header["alg"], header.get("kid")
    usable = [key for key in keys if key.get("use", "sig") == "sig" and key.get("alg", alg) == alg]
    if kid is None:
        return usable
    return [key for key in usable if key.get("kid") == kid] or [key for key in usable if key.get("kid") is None]


def _fetch(address: str) -> list[dict[str, Any]]:
    with GuardedSession() as session:
        response = session.get(address)
        response.raise_for_status()
        document = response.json()
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise RequestException("The provider's key set is none.")
    return [_parts_of(key) for key in keys[:MOST_KEYS] if isinstance(key, dict)]


def _parts_of(key: dict[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in PARTS_OF_A_KEY if key.get(name) is not None}
