"""An OpenID Connect provider's discovery document (OpenID Connect Discovery 1.0, RFC 8414)."""

from __future__ import annotations

from typing import Any

from requests import RequestException

from identity.models import SSOConnection
from identity.services.sso_connections import WELL_KNOWN, same_issuer
from portal.sso.bad_answers import BadAnswer, shortened
from portal.sso.kept import Published
from portal.sso.outgoing import GuardedSession, is_protected
from portal.sso.words import Advice, Fact

FRESH_SECONDS = 3600
STALE_SECONDS = 7 * 24 * 3600

# Browsers are redirected to one, secrets are sent to the others: nothing over plain http (SR-43).
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")
LISTS = ("scopes_supported", "token_endpoint_auth_methods_supported")
NAMES_ITSELF = "authorization_response_iss_parameter_supported"


class BadDocument(RequestException, BadAnswer):
    """A discovery document that is misleading or incomplete."""

    advice = Advice.OPEN_DOCUMENT()


class OtherIssuer(BadDocument):
    """A discovery document whose issuer differs from the connection's."""

    code = "other_issuer"
    advice = Advice.ISSUER_OF_DOCUMENT()


def discover(connection: SSOConnection) -> dict[str, Any]:
    """The parts of the discovery document in use, checked. Raises RequestException when it can't be fetched."""
    document: dict[str, Any] = published(connection).read()
    return document


def published(connection: SSOConnection) -> Published:
    return Published(well_known(connection.issuer), FRESH_SECONDS, STALE_SECONDS, _fetch)


def well_known(issuer: str) -> str:
    """An issuer's trailing slash is not doubled (OpenID Connect Discovery 4.1)."""
    return issuer.rstrip("/") + WELL_KNOWN


def _fetch(address: str) -> dict[str, Any]:
    with GuardedSession() as session:
        response = session.get(address)
        response.raise_for_status()
        document = response.json()
    if not isinstance(document, dict):
        raise BadDocument(Fact.NO_DOCUMENT())
    _check_issuer(document.get("issuer"), address.removesuffix(WELL_KNOWN))
    return _checked(document)


def _check_issuer(named: Any, asked: str) -> None:
    """Except for a trailing slash it is the configured one; tokens then name it exactly as the document does."""
    if not isinstance(named, str) or not same_issuer(named, asked):
        received = shortened(named) if isinstance(named, str) else "none"
        raise OtherIssuer(Fact.DOCUMENT_OTHER_ISSUER(expected=asked, received=received))


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    for name in NEEDED:
        if not _is_endpoint(document.get(name)):
            raise BadDocument(Fact.DOCUMENT_LACKS(name=name))
    return {
        "issuer": document["issuer"],
        **{name: document[name] for name in NEEDED},
        **{name: document[name] for name in OPTIONAL if _is_endpoint(document.get(name))},
        **{name: document[name] for name in LISTS if isinstance(document.get(name), list)},
        NAMES_ITSELF: document.get(NAMES_ITSELF) is True,
    }


def _is_endpoint(address: Any) -> bool:
    try:
        return isinstance(address, str) and "#" not in address and is_protected(address)
    except ValueError:  # not a URL at all
        return False
