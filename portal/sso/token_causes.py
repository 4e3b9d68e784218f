"""Why a signed token is rejected, and what to change."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import jwt

from portal.sso.bad_answers import listed
from portal.sso.words import Advice, Fact

_TIMES = (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError)


def told(error: BaseException, token: str, *, issuer: str, client_id: str) -> dict[str, str]:
    """`fact`, `code` and `advice`. PyJWT checks the signature first: everything quoted here was signed."""
    match error:
        case jwt.InvalidIssuerError():
            return {
                "fact": Fact.TOKEN_OTHER_ISSUER(expected=issuer, received=_said(token, "iss")),
                "code": "other_issuer",
                "advice": Advice.ISSUER_OF_TOKENS(),
            }
        case jwt.InvalidAudienceError():
            return {
                "fact": Fact.TOKEN_OTHER_AUDIENCE(expected=client_id, received=_said(token, "aud")),
                "code": "other_audience",
                "advice": Advice.COMPARE_CLIENT_IDS(),
            }
        case jwt.MissingRequiredClaimError():
            return {"fact": Fact.TOKEN_LACKS(claim=error.claim), "code": "bad_token"}
        case _ if isinstance(error, _TIMES):
            return {
                "fact": Fact.TOKEN_NOT_GOOD_NOW(limits=_times(token), now=_moment(time.time())),
                "code": "other_time",
                "advice": Advice.CLOCKS(),
            }
    return {"fact": Fact.TOKEN_UNREADABLE(kind=type(error).__name__), "code": "bad_token"}


def _claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def _said(token: str, claim: str) -> str:
    value = _claims(token).get(claim)
    return listed(str(one) for one in (value if isinstance(value, list) else [value]) if one is not None)


def _times(token: str) -> str:
    claims = _claims(token)
    named = {"iat": "issued", "nbf": "good from", "exp": "good until"}
    found = [f"{name} {_moment(claims[claim])}" for claim, name in named.items() if claim in claims]
    return ", ".join(found)


def _moment(value: Any) -> str:
    try:
        return f"{datetime.fromtimestamp(float(value), UTC):%-d %B %Y, %H:%M:%S}"
    except (OverflowError, OSError, TypeError, ValueError):
        return "at no readable time"
