"""What the two protocols say of a person, as one kind of assertion. Dialects end here."""

from __future__ import annotations

from typing import Any

from identity.errors import Refused
from identity.services.sso_connections import NAME_ID
from identity.services.sso_login import Assertion

_XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"

_MAIL_OID = "urn:oid:0.9.2342.19200300.100.1.3"

# Names under which SAML providers send what OpenID Connect calls so.
_SAML_NAMES = {
    "email": (
        "email",
        "mail",
        "emailAddress",
        "Email",
        f"{_XMLSOAP}/emailaddress",
        "urn:oid:0.9.2342.19200300.100.1.3",
    ),
    "given_name": ("given_name", "firstName", "givenName", "FirstName", f"{_XMLSOAP}/givenname", "urn:oid:2.5.4.42"),
    "family_name": ("family_name", "lastName", "sn", "LastName", f"{_XMLSOAP}/surname", "urn:oid:2.5.4.4"),
    "tid": ("tid", "http://schemas.microsoft.com/identity/claims/tenantid"),
}


def oidc_assertion(data: dict[str, Any]) -> Assertion:
    """The ID token decides; userinfo adds what it lacks, if it is of the same person (OIDC Core 5.3.2)."""
    id_token, userinfo = data.get("id_token") or {}, data.get("userinfo") or {}
    subject = id_token.get("sub")
    if not isinstance(subject, str) or userinfo.get("sub", subject) != subject:
        raise Refused("The identity provider's answers are not about the same person.", code="other_subject")
    return Assertion(subject, {**userinfo, **id_token})


def saml_assertion(name_id: str, attributes: dict[str, list[Any]]) -> Assertion:
    """Attributes as they are, and under the standard names as well.

    The subject is marked as SAML's: a NameID is often an email that people can change, and must never meet
    an OpenID Connect subject of the same identity provider.
    """
    claims: dict[str, Any] = {**attributes, NAME_ID: name_id}
    for standard, names in _SAML_NAMES.items():
        found = next((attributes[name] for name in names if attributes.get(name)), None)
        if found:
            claims[standard] = found
    return Assertion(f"saml:{name_id}", claims)
