"""Reading a SAML identity provider's metadata (SAML 2.0 Metadata)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from lxml.etree import LxmlError
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML
from requests import RequestException

from identity.models import SSOConnection
from portal.sso import patience
from portal.sso.outgoing import GuardedSession

MOST_BYTES = 500_000
NAMES_SHOWN = 5
NOT_METADATA = "These are not the SAML metadata of an identity provider."
# The first supported binding is used. HTTP-Artifact and SOAP would need a back channel.
BINDINGS = {
    Constants.BINDING_HTTP_REDIRECT: SSOConnection.Binding.REDIRECT,
    Constants.BINDING_HTTP_POST: SSOConnection.Binding.POST,
}
_MD = f"{{{Constants.NS_MD}}}"


class BadMetadata(Exception):
    """Unusable metadata; the message is for people."""


def fetch_metadata(url: str) -> bytes:
    """Metadata from a URL (SR-43). Raises BadMetadata."""
    try:
        with patience.visit(insists=lambda: True), GuardedSession() as session:
            response = session.get(url)
            response.raise_for_status()
            return response.content
    except (RequestException, OSError) as error:
        raise BadMetadata("The metadata could not be fetched from this address. Upload the file instead.") from error


def read_metadata(xml: str | bytes, entity_id: str = "") -> dict[str, str]:
    """Entity ID, SSO URL with its binding, and signing certificates (PEM). Raises BadMetadata.

    `entity_id` selects one where a federation's file contains many.
    """
    try:
        root = OneLogin_Saml2_XML.to_etree(xml)
    except (LxmlError, ValueError) as error:
        raise BadMetadata(NOT_METADATA) from error
    role = _the_provider(root, entity_id)
    _check_time(role)
    binding, address = _sign_on(role)
    return {
        "entity_id": role.getparent().get("entityID"),
        "sso_url": address,
        "sso_binding": binding,
        "certificate": "\n".join(f"{_BEGIN}\n{body}\n{_END}" for body in _certificates(role)),
    }


def _the_provider(root: Any, entity_id: str) -> Any:
    """The part that describes the identity provider; other services in the file don't matter."""
    roles = [role for role in root.iter(f"{_MD}IDPSSODescriptor") if _is_provider(role)]
    if len(roles) > 1:
        roles = [role for role in roles if role.getparent().get("entityID") == entity_id] or roles
    if len(roles) > 1:
        names = [role.getparent().get("entityID") for role in roles]
        more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
        raise BadMetadata(
            f"These metadata hold several identity providers: {', '.join(names[:NAMES_SHOWN])}{more}. "
            "Say which one: put its entity ID into the field for it as well."
        )
    if not roles:
        raise BadMetadata(NOT_METADATA)
    return roles[0]


def _is_provider(role: Any) -> bool:
    """One that supports SAML 2.0, not only earlier versions, and has a name."""
    entity = role.getparent()
    spoken = role.get("protocolSupportEnumeration", Constants.NS_SAMLP).split()
    return entity is not None and bool(entity.get("entityID")) and Constants.NS_SAMLP in spoken


def _check_time(role: Any) -> None:
    """`validUntil` of the part, of the whole, or of what encloses it (SAML 2.0 Metadata 2.3.2): then it is void."""
    for part in (role, *role.iterancestors()):
        if said := part.get("validUntil"):
            until = _moment(said)
            if until <= timezone.now():
                raise BadMetadata(
                    f"These metadata were valid until {until:%-d %B %Y}. Get new ones from the identity provider."
                )


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        moment = None
    if moment is None:
        raise BadMetadata("These metadata don't say in a readable way until when they are valid.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sign_on(role: Any) -> tuple[str, str]:
    for name, binding in BINDINGS.items():
        for service in role.iterchildren(f"{_MD}SingleSignOnService"):
            if service.get("Binding") == name and service.get("Location"):
                return binding, service.get("Location")
    raise BadMetadata("These metadata name no address for signing in by HTTP-Redirect or HTTP-POST.")


def _certificates(role: Any) -> list[str]:
    """Signing certificates; encryption-only keys are left out."""
    found = [
        "".join((OneLogin_Saml2_XML.element_text(node) or "").split())
        for key in role.iterchildren(f"{_MD}KeyDescriptor")
        if key.get("use") != "encryption"
        for node in OneLogin_Saml2_XML.query(key, "./ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    ]
    if not any(found):
        raise BadMetadata("These metadata hold no signing certificate.")
    return list(dict.fromkeys(found))


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
