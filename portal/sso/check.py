"""Whether a connection can work: what can be checked from here, without a sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from requests import RequestException

from identity.models import SSOConnection
from identity.queries.certificates import signing_certificates
from portal.sso import patience
from portal.sso.addresses import public_address
from portal.sso.arrival import test_page
from portal.sso.bad_answers import BadAnswer, cause_of
from portal.sso.discovery import discover
from portal.sso.signed_tokens import published_keys

UNREADABLE = (RequestException, BadAnswer, ValueError)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check. `check` is stable; `mend` says what to do, and is empty when all is well."""

    check: str
    sentence: str
    mend: str = ""

    @property
    def is_fine(self) -> bool:
        return not self.mend


def check_connection(connection: SSOConnection) -> list[CheckResult]:
    """Query the identity provider now, and check the settings."""
    with patience.visit(insists=lambda: True):
        is_saml = connection.protocol == SSOConnection.Protocol.SAML
        return list(_of_saml(connection) if is_saml else _of_oidc(connection))


def test_url(connection: SSOConnection) -> str:
    """Where an administrator can try a sign-in and see what was received."""
    return f"{public_address('sso_start', connection)}?next={test_page(connection)}"


def _of_oidc(connection: SSOConnection) -> Iterator[CheckResult]:
    try:
        discover(connection)
    except UNREADABLE as error:
        yield _failed("discovery", error)
        return
    yield CheckResult("discovery", "The discovery document is there, and is the issuer's own.")
    try:
        number = len(published_keys(connection).read())
    except UNREADABLE as error:
        yield _failed("keys", error)
        return
    yield CheckResult(
        "keys",
        f"{number} {'key' if number == 1 else 'keys'} to check tokens with.",
        "" if number else "It publishes none: see what stands at the jwks_uri of its discovery document.",
    )


def _failed(check: str, error: Exception) -> CheckResult:
    cause = cause_of(error)
    return CheckResult(check, cause.fact, cause.advice or "See the identity provider's own log.")


def _of_saml(connection: SSOConnection) -> Iterator[CheckResult]:
    """Its certificates; the one that expires last counts."""
    certificates = sorted(signing_certificates(connection), key=lambda one: one.until)
    for one in certificates:
        sentence = f"{one.subject}: {'ended on' if one.is_over else 'valid until'} {one.until:%-d %B %Y}."
        is_needed = one is certificates[-1] and one.ends_soon
        yield CheckResult("certificate", sentence, "Add the next certificate." if is_needed else "")
