"""What the metadata of a SAML identity provider say (SAML 2.0 Metadata)."""

from __future__ import annotations

from lxml.etree import LxmlError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from requests import RequestException

from portal.sso import patience
from portal.sso.outgoing import GuardedSession

MOST_BYTES = 500_000


class BadMetadata(Exception):
    """Not what was hoped for; the message is for people."""


def fetch_metadata(url: str) -> bytes:
    """Metadata from their address (SR-43). Raises BadMetadata."""
    try:
        with patience.visit(insists=lambda: True), GuardedSession() as session:
            response = session.get(url)
            response.raise_for_status()
            return response.content
    except (RequestException, OSError) as error:
        raise BadMetadata("The metadata could not be fetched from this address. Upload the file instead.") from error


def read_metadata(xml: str | bytes) -> dict[str, str]:
    """Entity ID, SSO URL and signing certificates (PEM). Raises BadMetadata."""
    try:
        idp = OneLogin_Saml2_IdPMetadataParser.parse(xml)["idp"]
        certificates = [idp["x509cert"]] if "x509cert" in idp else idp["x509certMulti"]["signing"]
        return {
            "entity_id": idp["entityId"],
            "sso_url": idp["singleSignOnService"]["url"],
            "certificate": "\n".join(f"{_BEGIN}\n{body}\n{_END}" for body in certificates),
        }
    except (LxmlError, KeyError, TypeError, ValueError) as error:
        raise BadMetadata("These are not the SAML metadata of an identity provider.") from error


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
