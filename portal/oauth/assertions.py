"""Assertions of SCIM clients, checked against a trust (RFC 7523 section 3, RFC 8725).

Keys come from the trust alone: what an assertion's header says of its key (jwk, jku, x5c, x5u) is ignored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.utils.functional import cached_property
from jwt.types import Options
from requests import RequestException

from identity.core.words import Sentence
from identity.models import SCIMTrust
from portal.oauth.addresses import audiences
from portal.oauth.words import Flaw
from portal.sso.bad_answers import cause_of, listed, shortened
from portal.sso.key_sets import SIGNATURES, SKEW_SECONDS, fitting, published_at

MOST_KIB = 16
MOST_ID = 255
MOST_SECONDS = 2 * 3600  # Entra ID's are valid for 65 to 90 minutes
_SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": True,
}
_UNREADABLE = (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError, RecursionError)


class FlawedAssertion(Exception):
    """A check failed; `check` names it, `fact` says why."""

    def __init__(self, check: str, fact: Sentence) -> None:
        super().__init__(fact)
        self.check, self.fact = check, fact


@dataclass(frozen=True, slots=True)
class Verified:
    """What an assertion that passed every check says; `id` is empty if it has none."""

    id: str
    good_until: datetime


def verify(trust: SCIMTrust, token: str) -> Verified:
    """Raises FlawedAssertion for the first check that fails. Whether the ID was used is found when it is spent."""
    read = _Read(trust, token)
    for check, problem in read.findings():
        if problem is not None:
            raise FlawedAssertion(check, problem)
    until = datetime.fromtimestamp(read.claims["exp"] + SKEW_SECONDS, UTC)
    return Verified(read.claims.get("jti", ""), until)


def findings(trust: SCIMTrust, token: str) -> dict[str, Sentence | None]:
    """Each check that was made, with its problem; after a bad signature nothing more is read."""
    return dict(_Read(trust, token).findings())


def claimed(token: str) -> tuple[str, str]:
    """Who an assertion says it is from and about, unverified: only to find the trust that it is checked against."""
    try:
        claims = jwt.decode(token[: MOST_KIB * 1024], options={"verify_signature": False})
        return str(claims.get("iss", "")), str(claims.get("sub", ""))
    except _UNREADABLE:
        return "", ""


def claimed_id(token: str) -> str:
    """The ID of an assertion that was checked."""
    return str(jwt.decode(token, options={"verify_signature": False}).get("jti", ""))


class _Read:
    """An assertion being checked. Each check answers with its problem, or None."""

    def __init__(self, trust: SCIMTrust, token: str) -> None:
        self.trust, self.token = trust, token
        self.claims: dict[str, Any] = {}
        self.keys: list[dict[str, Any]] = []

    def findings(self) -> Iterator[tuple[str, Sentence | None]]:
        for check in ("form", "algorithm", "key", "signature"):
            problem = getattr(self, check)()
            yield check, problem
            if problem is not None:
                return
        for check in ("issuer", "subject", "audience", "party", "time", "id"):
            yield check, getattr(self, check)()

    @cached_property
    def header(self) -> dict[str, Any]:
        return jwt.get_unverified_header(self.token)

    def form(self) -> Sentence | None:
        if len(self.token) > MOST_KIB * 1024:
            return Flaw.TOO_LONG(most=MOST_KIB)
        try:
            return None if isinstance(self.header, dict) else Flaw.UNREADABLE()
        except _UNREADABLE:
            return Flaw.UNREADABLE()

    def algorithm(self) -> Sentence | None:
        named = self.header.get("alg")
        return None if named in SIGNATURES else Flaw.ALGORITHM(received=shortened(str(named)))

    def key(self) -> Sentence | None:
        try:
            self.keys = self._fitting()
        except RequestException as error:
            return Flaw.NO_KEYS(reason=cause_of(error).fact)
        if self.keys:
            return None
        kid = shortened(str(self.header.get("kid", "–")))
        return Flaw.NO_KEY(kid=kid, algorithm=str(self.header["alg"]))

    def _fitting(self) -> list[dict[str, Any]]:
        """A published set is fetched again, at most twice a minute, if no known key has signed it."""
        if self.trust.key_set:
            return fitting(json.loads(self.trust.key_set)["keys"], self.header)
        published = published_at(self.trust.key_set_url)
        known = fitting(published.read(), self.header)
        if any(map(self._is_signed_with, known)) or (anew := published.read_anew()) is None:
            return known
        return fitting(anew, self.header)

    def signature(self) -> Sentence | None:
        return None if any(map(self._is_signed_with, self.keys)) else Flaw.SIGNATURE()

    def _is_signed_with(self, key: dict[str, Any]) -> bool:
        try:
            usable = jwt.PyJWK(key, self.header["alg"])
            self.claims = jwt.decode(self.token, usable, algorithms=SIGNATURES, options=_SIGNATURE_ALONE)
        except _UNREADABLE:
            return False
        return True

    def issuer(self) -> Sentence | None:
        return self._same("iss", self.trust.expected_issuer, Flaw.ISSUER)

    def subject(self) -> Sentence | None:
        return self._same("sub", self.trust.expected_subject, Flaw.SUBJECT)

    def _same(self, claim: str, expected: str, problem: Callable[..., Sentence]) -> Sentence | None:
        received = self.claims.get(claim)
        return None if received == expected else problem(received=_said(received), expected=expected)

    def audience(self) -> Sentence | None:
        """One for several audiences could be presented here by any of them."""
        received, expected = self.claims.get("aud"), audiences(self.trust)
        named = received if isinstance(received, list) else [received]
        if len(named) > 1:
            return Flaw.AUDIENCES(received=_said(named))
        if named and named[0] in expected:
            return None
        return Flaw.AUDIENCE(received=_said(named), expected=listed(expected))

    def party(self) -> Sentence | None:
        expected = self.trust.authorized_party
        named = [self.claims[claim] for claim in ("azp", "appid") if claim in self.claims]
        if not expected or (named and all(one == expected for one in named)):
            return None
        return Flaw.PARTY(received=_said(named), expected=expected)

    def time(self) -> Sentence | None:
        now, claims = time.time(), self.claims
        times = {claim: claims[claim] for claim in ("exp", "nbf", "iat") if claim in claims}
        if not all(_is_moment(value) for value in times.values()):
            return Flaw.NO_TIME()
        if "exp" not in times:
            return Flaw.NO_EXPIRY()
        until, since = times["exp"], max(times.get("nbf", 0), times.get("iat", 0))
        if until <= now - SKEW_SECONDS:
            return Flaw.EXPIRED(at=_moment(until), now=_moment(now))
        if since > now + SKEW_SECONDS:
            return Flaw.NOT_YET(at=_moment(since), now=_moment(now))
        if until - min(times.get("iat", now), now) > MOST_SECONDS + SKEW_SECONDS:
            return Flaw.TOO_LASTING(hours=MOST_SECONDS // 3600, at=_moment(until))
        return None

    def id(self) -> Sentence | None:
        named = self.claims.get("jti", "")
        if not isinstance(named, str) or len(named) > MOST_ID:
            return Flaw.BAD_ID(most=MOST_ID)
        return Flaw.NO_ID() if self.trust.requires_id and not named else None


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**37


def _moment(value: float) -> str:
    return f"{datetime.fromtimestamp(value, UTC):%-d %B %Y, %H:%M:%S} UTC"


def _said(value: object) -> str:
    return listed(str(one) for one in (value if isinstance(value, list) else [value]) if one is not None)
