"""Why a signed token is rejected, and what to change."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import jwt

from portal.sso.bad_answers import listed

_TIMES = (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError)


def told(error: BaseException, token: str, *, issuer: str, client_id: str) -> dict[str, str]:
    """`fact`, `code` and `advice`. PyJWT checks the signature first: everything quoted here was signed."""
    match error:
        case jwt.InvalidIssuerError():
            return {
                "fact": f"The token is of another issuer: expected {issuer}, received {_said(token, 'iss')}.",
                "code": "other_issuer",
                "advice": "Enter the issuer in the connection as the identity provider's tokens name it.",
            }
        case jwt.InvalidAudienceError():
            return {
                "fact": f"The token is for another audience: expected {client_id}, received {_said(token, 'aud')}.",
                "code": "other_audience",
                "advice": "Compare the client ID of the connection with the one at the identity provider.",
            }
        case jwt.MissingRequiredClaimError():
            return {"fact": f"The token lacks the claim “{error.claim}”.", "code": "bad_token"}
        case _ if isinstance(error, _TIMES):
            return {
                "fact": f"The token is not good now: {_times(token)}, and here it is {_moment(time.time())}.",
                "code": "other_time",
                "advice": "Set the clocks of both servers by the network (NTP).",
            }
    return {"fact": f"The token can't be read ({type(error).__name__}).", "code": "bad_token"}


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
