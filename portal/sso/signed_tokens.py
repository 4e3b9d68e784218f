"""JSON Web Tokens signed by an OpenID Connect provider: ID tokens, logout tokens, userinfo (RFC 7519, RFC 8725)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt

from identity.models import SSOConnection
from portal.sso.bad_answers import BadAnswer, listed
from portal.sso.discovery import discover, published
from portal.sso.kept import Published
from portal.sso.key_sets import SIGNATURES, SKEW_SECONDS, fitting, published_at
from portal.sso.token_causes import told
from portal.sso.words import Advice, Fact

MOST_KIB = 128  # a thousand groups by name, or six hundred by their distinguished names in Active Directory
MOST_KIB_FROM_ANYBODY = 16
GOOGLE = "https://accounts.google.com"


class BadToken(BadAnswer):
    """An invalid token."""

    def __init__(self, fact: str, *, code: str = "bad_token", advice: str = "") -> None:
        super().__init__(fact)
        self.code, self.advice = code, advice


def verified(
    connection: SSOConnection, token: str, *, required: tuple[str, ...] = (), most_kib: int = MOST_KIB
) -> dict[str, Any]:
    """The claims of a token that this provider signed for the portal, and that is still valid.

    Raises BadToken, or RequestException when the provider's keys can't be fetched.
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
    """Signed userinfo; its issuer and audience, if present, must match (OpenID Connect Core 5.3.2)."""
    claims = _signed_claims(connection, token, options={"verify_iss": False, "verify_aud": False})
    audience = claims.get("aud", connection.client_id)
    if claims.get("iss", document_issuer := discover(connection)["issuer"]) not in _names_of(document_issuer):
        raise BadToken("userinfo of another issuer")
    if connection.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise BadToken("userinfo for another party")
    return claims


def _names_of(issuer: str) -> list[str]:
    """Google documents that it may omit the scheme (developers.google.com/identity/openid-connect/reference)."""
    return [issuer, issuer.removeprefix("https://")] if issuer == GOOGLE else [issuer]


def _check_authorized_party(claims: dict[str, Any], connection: SSOConnection) -> None:
    """A token for several audiences must name the portal as the party it was issued to (OIDC Core 3.1.3.7)."""
    party = claims.get("azp")
    if party is None and isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise BadToken(Fact.NO_PARTY())
    if party is not None and party != connection.client_id:
        received = listed([str(party)])
        fact = Fact.TOKEN_OTHER_PARTY(expected=connection.client_id, received=received)
        raise BadToken(fact, code="other_audience", advice=Advice.COMPARE_CLIENT_ID())


def _signed_claims(connection: SSOConnection, token: str, *, most_kib: int = MOST_KIB, **checks: Any) -> dict[str, Any]:
    """The claims after all checks, by one of the provider's keys."""
    if len(token) > most_kib * 1024:
        fact = Fact.TOKEN_TOO_LONG(size=len(token) // 1024, most=most_kib)
        raise BadToken(fact, advice=Advice.FEWER_GROUPS())
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in SIGNATURES:
            fact = Fact.TOKEN_UNSAFE_SIGNATURE(method=listed([str(header.get("alg"))]))
            raise BadToken(fact, code="old_signature", advice=Advice.RS256())
        return _checked(connection, token, header, checks)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        issuer = checks.get("issuer", [""])[0]
        raise BadToken(**told(error, token, issuer=issuer, client_id=connection.client_id)) from error


def _checked(connection: SSOConnection, token: str, header: dict[str, Any], checks: dict[str, Any]) -> dict[str, Any]:
    """By the first matching key: providers omit `kid`, or publish another key under the same one."""
    for key in _keys_for(connection, header):
        try:
            key_object = jwt.PyJWK(key, header["alg"])
            return jwt.decode(token, key_object, algorithms=SIGNATURES, leeway=SKEW_SECONDS, **checks)
        except (jwt.InvalidSignatureError, jwt.InvalidKeyError, jwt.PyJWKError):
            continue
    raise BadToken(Fact.UNPUBLISHED_KEY(), code="other_signature")


def _keys_for(connection: SSOConnection, header: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The cached keys first, then freshly fetched ones; fetched at most twice a minute."""
    keys = published_keys(connection)
    yield from fitting(keys.read(), header)
    if (now := keys.read_anew()) is not None:
        published(connection).outdate()  # along with its keys, the provider may have changed their URL
        yield from fitting(now, header)


def published_keys(connection: SSOConnection) -> Published:
    return published_at(discover(connection)["jwks_uri"])
