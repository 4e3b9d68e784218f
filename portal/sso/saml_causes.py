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
from portal.sso.words import Advice, Fact

_E = OneLogin_Saml2_ValidationError
_TIMES = Advice.CLOCKS_OR_AGAIN()


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
    return explain(response) if explain else BadAssertion(Fact.MALFORMED(problem=shortened(str(stumbled))))


def unusable(stumbled: OneLogin_Saml2_Error) -> BadAssertion:
    """A connection's stored settings that python3-saml rejects."""
    return BadAssertion(
        Fact.UNUSABLE(problem=shortened(str(stumbled))),
        code="bad_settings",
        advice=Advice.SSO_URL_IN_ASCII(),
    )


def encrypted(_: Any = None) -> BadAssertion:
    return BadAssertion(
        Fact.ENCRYPTED(),
        code="encrypted",
        advice=Advice.NO_ENCRYPTION(),
    )


def _refused(response: Response) -> BadAssertion:
    """Core 3.2.2: a code, often one nested in it, and sometimes a message."""
    codes = [code.get("Value", "").rpartition(":")[2] for code in response.document.iter(f"{_P}StatusCode")]
    said = ["".join(node.itertext()) for node in response.document.iter(f"{_P}StatusMessage")]
    return BadAssertion(
        Fact.REFUSED_THERE(reason=shortened(": ".join(filter(None, [*codes, *said])))),
        code="refused_there",
        advice=(Advice.LOG_THERE()),
    )


def _issuer(response: Response) -> BadAssertion:
    found = listed({node.text for node in response.document.iter(f"{_A}Issuer")})
    return BadAssertion(
        Fact.RESPONSE_OTHER_ISSUER(expected=response.idp, received=found),
        code="other_issuer",
        advice=Advice.IMPORT_METADATA(),
    )


def audience(response: Response) -> BadAssertion:
    found = listed(node.text for node in response.document.iter(f"{_A}Audience"))
    return BadAssertion(
        Fact.OTHER_AUDIENCE(expected=response.own_name, received=found),
        code="other_audience",
        advice=Advice.AUDIENCE(),
    )


def destination(response: Response) -> BadAssertion:
    found = shortened(response.document.get("Destination", "")) or "none"
    return BadAssertion(
        Fact.OTHER_ADDRESS(expected=response.here, received=found),
        code="other_address",
        advice=Advice.ACS_URL(),
    )


def confirmation(response: Response) -> BadAssertion:
    """No subject confirmation (Profiles 4.1.4.2) fits: the URL, the time, or the request."""
    found = list(response.document.iter(f"{_A}SubjectConfirmationData"))
    recipients = [data.get("Recipient") for data in found]
    if response.here not in recipients:
        return BadAssertion(
            Fact.DELIVERED_ELSEWHERE(expected=response.here, received=listed(recipients)),
            code="other_address",
            advice=Advice.RECIPIENT(),
        )
    if response.get_in_response_to() in [data.get("InResponseTo") for data in found]:
        return _time(response)
    return BadAssertion(
        Fact.ANSWERS_NO_REQUEST(),
        code="not_asked_here",
        advice=Advice.IN_RESPONSE_TO(),
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
        Fact.NOT_GOOD_NOW(limits=listed(limits), now=now),
        code="other_time",
        advice=_TIMES,
    )


def _signature(response: Response) -> BadAssertion:
    return BadAssertion(
        Fact.SIGNATURE_FITS_NONE(),
        code="other_signature",
        advice=Advice.IMPORT_KEY(),
    )


def _unsigned(response: Response) -> BadAssertion:
    return BadAssertion(
        Fact.UNSIGNED(),
        code="not_signed",
        advice=Advice.SIGN(),
    )


def _algorithm(response: Response) -> BadAssertion:
    methods = [
        node.get("Algorithm", "").rpartition("#")[2]
        for tag in ("SignatureMethod", "DigestMethod")
        for node in response.document.iter(f"{{{Constants.NS_DS}}}{tag}")
    ]
    return BadAssertion(
        Fact.UNSAFE_SIGNATURE(methods=listed(methods)),
        code="old_signature",
        advice=Advice.SHA256(),
    )


def _nobody(response: Response) -> BadAssertion:
    return BadAssertion(
        Fact.NO_NAME_ID(),
        code="no_subject",
        advice=Advice.NAME_ID(),
    )


def transient() -> BadAssertion:
    return BadAssertion(
        Fact.TRANSIENT_NAME_ID(),
        code="no_subject",
        advice=(Advice.NAME_ID_FORMAT()),
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
