"""What the two protocols say about a person, as one kind of assertion. Dialects end here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onelogin.saml2.constants import OneLogin_Saml2_Constants

from identity.core.errors import Refused
from identity.core.refusals import Refusal
from identity.services.sign_in.assertions import Assertion
from identity.services.sso_connections import NAME_ID, SAML_MARK
from portal.sso.bad_answers import listed
from portal.sso.words import Advice, Fact

if TYPE_CHECKING:
    from identity.models import SSOConnection
    from portal.sso.saml import SAMLResponse

NAMEID_EMAIL_ADDRESS = OneLogin_Saml2_Constants.NAMEID_EMAIL_ADDRESS
_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

# SAML providers' names for OpenID Connect's standard claims.
_SAML_NAMES = {
    "email": (
        "email",
        "mail",
        "emailAddress",
        "Email",
        "User.email",
        f"{_XMLSOAP}/emailaddress",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "urn:oid:1.2.840.113549.1.9.1",  # of PKCS #9: Keycloak's built-in mapper
    ),
    "given_name": (
        "given_name",
        "firstName",
        "givenName",
        "FirstName",
        "User.FirstName",
        f"{_XMLSOAP}/givenname",
        "urn:oid:2.5.4.42",
    ),
    "family_name": (
        "family_name",
        "lastName",
        "sn",
        "SurName",
        "LastName",
        "User.LastName",
        f"{_XMLSOAP}/surname",
        "urn:oid:2.5.4.4",
    ),
    "tid": ("tid", "http://schemas.microsoft.com/identity/claims/tenantid"),
}


def named_claims(connection: SSOConnection) -> dict[str, str]:
    """Standard claims that this connection reads under another name."""
    named = {
        "email": connection.email_claim,
        "given_name": connection.first_name_claim,
        "family_name": connection.last_name_claim,
    }
    return {standard: name for standard, name in named.items() if name}


def oidc_assertion(connection: SSOConnection, data: dict[str, Any], *, nonce: str | None) -> Assertion:
    """The ID token is authoritative; userinfo adds what it lacks, if about the same person (OIDC Core 5.3.2).

    `nonce` is that of our request: a token issued for another browser carries another (3.1.3.7).
    """
    id_token, userinfo = data.get("id_token") or {}, data.get("userinfo") or {}
    subject = id_token.get("sub")
    if not nonce or id_token.get("nonce") != nonce:
        raise Refused(Fact.OTHER_NONCE(), code="other_nonce")
    if isinstance(subject, str) and subject.startswith(SAML_MARK):
        raise Refused(Refusal.NO_SUBJECT(), code="no_subject")
    if not isinstance(subject, str) or userinfo.get("sub", subject) != subject:
        raise Refused(Fact.OTHER_SUBJECT(), code="other_subject")
    return Assertion(subject, {**_additions(userinfo, id_token), **id_token}, named_claims(connection))


def _additions(userinfo: dict[str, Any], id_token: dict[str, Any]) -> dict[str, Any]:
    """What userinfo may add: no proof of the sign-in time, nor that the ID token's own email is verified."""
    own = {"auth_time"} | ({"email_verified"} if "email" in id_token else set())
    return {name: value for name, value in userinfo.items() if name not in own}


def saml_assertion(connection: SSOConnection, answer: SAMLResponse) -> Assertion:
    """Attributes as received, and under the standard names as well.

    The subject is the NameID, or the attribute chosen to carry the external ID: a NameID is often an
    email, which changes and may be reassigned. It is marked as SAML's, so that it never
    collides with an OpenID Connect subject of the same identity provider.
    """
    claims: dict[str, Any] = {**answer.attributes, NAME_ID: answer.name_id, "auth_time": answer.authenticated_at}
    for standard, names in _SAML_NAMES.items():
        found = next((answer.attributes[name] for name in names if answer.attributes.get(name)), None)
        if found:
            claims[standard] = found
    if "email" not in claims and answer.name_id_format == NAMEID_EMAIL_ADDRESS:
        claims["email"] = answer.name_id  # Google and JumpCloud send it nowhere else by default
    return Assertion(_saml_subject(connection, Assertion("", claims)), claims, named_claims(connection))


def _saml_subject(connection: SSOConnection, said: Assertion) -> str:
    claim = connection.subject_claim
    value = said.text(claim)
    if not value:
        refused = Refused(Fact.CLAIM_MISSING(claim=claim), code="no_subject")
        refused.add_note(Advice.CLAIM(claims=listed(sorted(said.claims)), claim=claim))
        raise refused
    return f"{SAML_MARK}{value}" if claim == NAME_ID else f"{SAML_MARK}{claim}={value}"
