"""SAML responses as a provider signs them, with anything in them."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from django.test import Client
from django.utils import timezone
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from identity.models import SSOConnection
from portal.sso.addresses import public_address

NAMESPACES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


def utc(seconds: float) -> str:
    return (timezone.now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(said: str | float | None) -> str | None:
    return utc(said) if isinstance(said, int | float) else said


def request_id(client: Client, connection: SSOConnection, query: str = "") -> str:
    """Press the button; the id of the AuthnRequest that the browser carries away."""
    return request_of(client.get(f"/sso/{connection.slug}/{query}")["Location"])


def request_of(there: str) -> str:
    """The id of the AuthnRequest in the address that the browser is sent to."""
    (packed,) = parse_qs(urlsplit(there).query)["SAMLRequest"]
    xml = zlib.decompress(base64.b64decode(packed), -15)
    return str(etree.fromstring(xml).get("ID"))


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def metadata(*certificates: str, origin: str = "https://idp.example") -> str:
    """What a SAML provider's metadata file holds; certificates without their header lines."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for certificate in certificates
    )
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{origin}/metadata">'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}'
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        f'Location="{origin}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
    )


@dataclass
class SAMLProvider:
    """Signs what it is told to."""

    key: str
    certificate: str
    entity_id: str = "https://saml.example/metadata"

    @property
    def settings(self) -> dict[str, str]:
        """What an administrator enters of it."""
        return {"entity_id": self.entity_id, "sso_url": "https://saml.example/sso", "certificate": self.certificate}

    def assertion(self, connection: SSOConnection, in_response_to: str = "", **said: Any) -> str:
        """An unsigned assertion. None takes a part away: `audience`, `recipient`, `until`, `name_id`.

        Moments are given as they are sent, or as a number of seconds from now.
        """
        whole: dict[str, Any] = {
            "identifier": "_assertion",
            "issuer": self.entity_id,
            "audience": public_address("saml_metadata", connection),
            "recipient": public_address("saml_acs", connection),
            "answers": in_response_to,
            "until": 300,
            "name_id": "ext-1",
            "name_id_format": UNSPECIFIED,
            "attributes": {"mail": ["ada@example.test"]},
            "authenticated": 0,
            "extra": "",
            **said,
        }
        return _assertion(whole)

    def signed(self, xml: str) -> str:
        return OneLogin_Saml2_Utils.add_sign(xml, self.key, self.certificate).decode()  # type: ignore[no-any-return]

    def response(self, connection: SSOConnection, assertion: str, in_response_to: str = "", **said: Any) -> str:
        """A response, itself unsigned, around this."""
        destination = said.get("destination", public_address("saml_acs", connection))
        answers = f'InResponseTo="{in_response_to}"' if in_response_to else ""
        status = said.get("status", "urn:oasis:names:tc:SAML:2.0:status:Success")
        return (
            f'<samlp:Response {NAMESPACES} ID="_response" Version="2.0" IssueInstant="{utc(0)}" '
            f'Destination="{destination}" {answers}><saml:Issuer>{self.entity_id}</saml:Issuer>'
            f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>{assertion}</samlp:Response>'
        )

    def good(self, connection: SSOConnection, in_response_to: str, **said: Any) -> str:
        """A response as it should be, but for what is `said`."""
        assertion = self.signed(self.assertion(connection, in_response_to, **said))
        return self.response(connection, assertion, in_response_to)


def _assertion(said: dict[str, Any]) -> str:
    name_id = said["name_id"]
    shown_name = "" if name_id is None else f'<saml:NameID Format="{said["name_id_format"]}">{name_id}</saml:NameID>'
    data = {"Recipient": said["recipient"], "NotOnOrAfter": moment(said["until"]), "InResponseTo": said["answers"]}
    confirmation = " ".join(f'{name}="{value}"' for name, value in data.items() if value)
    audience, until = said["audience"], moment(said.get("conditions_until", 300))
    restriction = f"<saml:Audience>{audience}</saml:Audience>" if audience else ""
    restriction = f"<saml:AudienceRestriction>{restriction}</saml:AudienceRestriction>" if restriction else ""
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
        + "</saml:Attribute>"
        for name, values in said["attributes"].items()
    )
    statement = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""
    return (
        f'<saml:Assertion {NAMESPACES} ID="{said["identifier"]}" Version="2.0" IssueInstant="{utc(0)}">'
        f"<saml:Issuer>{said['issuer']}</saml:Issuer>"
        f"<saml:Subject>{shown_name}"
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f"<saml:SubjectConfirmationData {confirmation}/></saml:SubjectConfirmation></saml:Subject>"
        f'<saml:Conditions NotBefore="{utc(-60)}" NotOnOrAfter="{until}">{restriction}'
        f'</saml:Conditions><saml:AuthnStatement AuthnInstant="{moment(said["authenticated"])}"><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement>"
        f"{statement}{said['extra']}</saml:Assertion>"
    )
