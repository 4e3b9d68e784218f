"""Why a SAML response is rejected, and what to change.

Quoted values are unverified: anyone may have written them, and they decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from django.utils import timezone
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError

from portal.sso.bad_answers import BadAnswer, listed, shortened

_E = OneLogin_Saml2_ValidationError
_TIMES = "Set the clocks of both servers by the network (NTP). Else the answer was under way for too long: try again."


class Response(Protocol):
    """The parts of a response needed to find out what is wrong with it."""

    document: Any

    @property
    def here(self) -> str: ...

    @property
    def own_name(self) -> str: ...

    @property
    def idp(self) -> str: ...

    def get_in_response_to(self) -> str | None: ...


class BadAssertion(BadAnswer):
    """An invalid response."""

    def __init__(self, fact: str, *, code: str = "bad_answer", advice: str = "") -> None:
        super().__init__(fact)
        self.code, self.advice = code, advice


class UnaskedAnswer(BadAssertion):
    """A valid but unsolicited response, as Okta's and Google's tiles send: an attacker could plant one."""


def explained(response: Response, stumbled: BaseException) -> BadAssertion:
    """The cause of a response that python3-saml rejected."""
    explain = _CAUSES.get(stumbled.code) if isinstance(stumbled, OneLogin_Saml2_ValidationError) else None
    return explain(response) if explain else BadAssertion(f"The response is not as it should be: {stumbled}")


def unusable(stumbled: OneLogin_Saml2_Error) -> BadAssertion:
    """A connection's stored settings that python3-saml rejects."""
    return BadAssertion(
        f"The connection can't be used as it is: {stumbled}.",
        code="bad_settings",
        advice="Enter the SSO URL as browsers send it, without letters outside ASCII in the name of the host.",
    )


def encrypted(_: Any = None) -> BadAssertion:
    return BadAssertion(
        "The assertion is encrypted, and the portal has no key to read it with.",
        code="encrypted",
        advice="Switch the encryption of assertions off at the identity provider. TLS protects them on their way.",
    )


def _refused(response: Response) -> BadAssertion:
    """Core 3.2.2: a code, often one nested in it, and sometimes a message."""
    codes = [code.get("Value", "").rpartition(":")[2] for code in response.document.iter(f"{_P}StatusCode")]
    said = ["".join(node.itertext()) for node in response.document.iter(f"{_P}StatusMessage")]
    return BadAssertion(
        f"The identity provider refused: {shortened(': '.join(filter(None, [*codes, *said])))}",
        code="refused_there",
        advice=(
            "Its own log says more. Often the person is not assigned to the application, or the ACS URL or Entity ID "
            "entered there is not the portal's."
        ),
    )


def _issuer(response: Response) -> BadAssertion:
    found = listed({node.text for node in response.document.iter(f"{_A}Issuer")})
    return BadAssertion(
        f"The response is of another issuer: expected {response.idp}, received {found}.",
        code="other_issuer",
        advice="Import the identity provider's metadata again, or correct the entity ID of the connection.",
    )


def audience(response: Response) -> BadAssertion:
    found = listed(node.text for node in response.document.iter(f"{_A}Audience"))
    return BadAssertion(
        f"The assertion is restricted to another audience: expected {response.own_name}, received {found}.",
        code="other_audience",
        advice="Enter the portal's Entity ID as the audience (Identifier) at the identity provider, exactly.",
    )


def destination(response: Response) -> BadAssertion:
    found = shortened(response.document.get("Destination", "")) or "none"
    return BadAssertion(
        f"The response was made for another address: expected {response.here}, received {found}.",
        code="other_address",
        advice="Enter the portal's ACS URL at the identity provider, exactly.",
    )


def confirmation(response: Response) -> BadAssertion:
    """No subject confirmation (Profiles 4.1.4.2) fits: the URL, the time, or the request."""
    found = list(response.document.iter(f"{_A}SubjectConfirmationData"))
    recipients = [data.get("Recipient") for data in found]
    if response.here not in recipients:
        return BadAssertion(
            f"The assertion is to be delivered elsewhere: expected {response.here}, received {listed(recipients)}.",
            code="other_address",
            advice="Enter the portal's ACS URL (also as Recipient) at the identity provider, exactly.",
        )
    if response.get_in_response_to() in [data.get("InResponseTo") for data in found]:
        return _time(response)
    return BadAssertion(
        "The assertion does not answer a request of the portal.",
        code="not_asked_here",
        advice="Have the identity provider name the request (InResponseTo) in the response and in the assertion.",
    )


def _time(response: Response) -> BadAssertion:
    limits = [
        f"{name} {shortened(value)}"
        for tag in ("Conditions", "SubjectConfirmationData", "AuthnStatement")
        for node in response.document.iter(f"{_A}{tag}")
        for name in ("NotBefore", "NotOnOrAfter", "SessionNotOnOrAfter")
        if (value := node.get(name))
    ]
    now = f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}"
    return BadAssertion(
        f"The assertion is not good now: it says {listed(limits)}, and the portal's clock {now}.",
        code="other_time",
        advice=_TIMES,
    )


def _signature(response: Response) -> BadAssertion:
    return BadAssertion(
        "The signature fits none of the connection's certificates, or what was signed has been changed.",
        code="other_signature",
        advice="The identity provider may have changed its key: import its metadata again, or its signing certificate.",
    )


def _unsigned(response: Response) -> BadAssertion:
    return BadAssertion(
        "Neither the response nor the assertion is signed.",
        code="not_signed",
        advice="Have the identity provider sign the assertion.",
    )


def _algorithm(response: Response) -> BadAssertion:
    methods = [
        node.get("Algorithm", "").rpartition("#")[2]
        for tag in ("SignatureMethod", "DigestMethod")
        for node in response.document.iter(f"{{{Constants.NS_DS}}}{tag}")
    ]
    return BadAssertion(
        f"It is signed in a way that is not safe any more: {listed(methods)}.",
        code="old_signature",
        advice="Choose RSA-SHA256 and SHA-256 at the identity provider.",
    )


def _nobody(response: Response) -> BadAssertion:
    return BadAssertion(
        "The assertion names nobody: it has no NameID.",
        code="no_subject",
        advice="Have the identity provider send a NameID that stays the same, as persistent or emailAddress.",
    )


def transient() -> BadAssertion:
    return BadAssertion(
        "The NameID is a transient one, another at each sign-in.",
        code="no_subject",
        advice=(
            "Choose persistent, unspecified or emailAddress as the format of the NameID at the identity provider, or "
            "name an attribute as the claim with the external ID."
        ),
    )


_P, _A = f"{{{Constants.NS_SAMLP}}}", f"{{{Constants.NS_SAML}}}"
_CAUSES: dict[int, Callable[[Response], BadAssertion]] = {
    _E.STATUS_CODE_IS_NOT_SUCCESS: _refused,
    _E.WRONG_ISSUER: _issuer,
    _E.WRONG_AUDIENCE: audience,
    _E.WRONG_DESTINATION: destination,
    _E.EMPTY_DESTINATION: destination,
    _E.WRONG_SUBJECTCONFIRMATION: confirmation,
    _E.ASSERTION_TOO_EARLY: _time,
    _E.ASSERTION_EXPIRED: _time,
    _E.SESSION_EXPIRED: _time,
    _E.INVALID_SIGNATURE: _signature,
    _E.NO_SIGNATURE_FOUND: _unsigned,
    _E.DEPRECATED_SIGNATURE_METHOD: _algorithm,
    _E.DEPRECATED_DIGEST_METHOD: _algorithm,
    _E.ENCRYPTED_ATTRIBUTES: encrypted,
    _E.NO_NAMEID: _nobody,
    _E.EMPTY_NAMEID: _nobody,
}
