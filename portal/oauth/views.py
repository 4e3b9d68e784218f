"""The token endpoint, and the metadata that lead to it (RFC 6749, RFC 7523, RFC 8414)."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from identity.core import networks
from identity.core.actors import Visitor
from identity.core.errors import GatehouseError
from identity.core.origins import Origin
from identity.events import Event
from identity.models import SCIMTrust
from identity.services import scim_trusts, traces
from portal.oauth import addresses
from portal.oauth.assertions import FlawedAssertion, Verified, claimed, verify
from portal.oauth.requests import CLIENT_CREDENTIALS, JWT_BEARER, BadRequest, TokenRequest, read
from portal.oauth.words import CHECKS, Flaw
from portal.session import throttle
from portal.sso.key_sets import SIGNATURES

RETRY_SECONDS = 30


def metadata(request: HttpRequest) -> HttpResponse:
    """Where and how to get an access token (RFC 8414 section 2)."""
    if request.method not in {"GET", "HEAD"}:
        return _not_allowed("GET, HEAD")
    document = {
        "issuer": addresses.issuer(),
        "token_endpoint": addresses.token_url(),
        "grant_types_supported": [CLIENT_CREDENTIALS, JWT_BEARER],
        "response_types_supported": [],
        "scopes_supported": [addresses.SCOPE],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
    }
    return JsonResponse(document, headers={"Cache-Control": "public, max-age=3600"})


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """An access token for an assertion. Its answers name no value that the portal expects."""
    if request.method != "POST":
        return _not_allowed("POST")
    try:
        return _answer(request)
    except BadRequest as error:
        return _refused(error.error, str(error), status=error.status)
    except (DatabaseError, InterfaceError):
        return _refused("temporarily_unavailable", "The database does not answer.", status=503)


def _answer(request: HttpRequest) -> HttpResponse:
    if not throttle.for_access_token(request).take():
        return _refused("temporarily_unavailable", "Too many requests from this address.", status=429)
    asked = read(request)
    trust = _trust_of(asked)
    if trust is None:
        traces.note(Event.SCIM_TRUST_REFUSED, **_whence(request), check="client")
        return _refused(asked.refusal, "No single trust has this client_id, or this issuer and subject.")
    try:
        _check_network(trust, request)
        secret = _issue(trust, verify(trust, asked.assertion))
    except FlawedAssertion as error:
        scim_trusts.note_refusal(trust, check=error.check, fact=error.fact)
        traces.note(Event.SCIM_TRUST_REFUSED, **_whence(request, trust), check=error.check)
        return _failed(error, asked)
    except GatehouseError:
        return _refused(asked.refusal, "The trust was changed or deleted.")
    traces.note(Event.SCIM_TRUST_ACCEPTED, **_whence(request, trust))
    lasts = scim_trusts.ACCESS_SECONDS
    return _json({"access_token": secret, "token_type": "Bearer", "expires_in": lasts, "scope": addresses.SCOPE})


def _trust_of(asked: TokenRequest) -> SCIMTrust | None:
    """By its client ID, else the only one with the issuer and subject that the assertion names."""
    rows = SCIMTrust.objects.all()
    if asked.client_id:
        return rows.filter(client_id=asked.client_id.replace("\0", "")[:64]).first()
    issuer, subject = claimed(asked.assertion)
    if issuer == subject:
        return rows.filter(client_id=issuer.replace("\0", "")[:64], issuer="", subject="").first()
    found = list(rows.filter(issuer=issuer.replace("\0", ""), subject=subject.replace("\0", ""))[:2])
    return found[0] if len(found) == 1 else None


def _check_network(trust: SCIMTrust, request: HttpRequest) -> None:
    address = Origin.of(request.META).address
    if not networks.allows(trust.networks, address):
        raise FlawedAssertion("network", Flaw.ELSEWHERE(address=address))


def _issue(trust: SCIMTrust, verified: Verified) -> str:
    issued = scim_trusts.issue_token(trust, assertion_id=verified.id, good_until=verified.good_until)
    if issued is None:
        raise FlawedAssertion("id", Flaw.USED())
    return issued[1]


def _whence(request: HttpRequest, trust: SCIMTrust | None = None) -> dict[str, Any]:
    about = {} if trust is None else {"identity_provider_id": trust.identity_provider_id, "trust": trust.pk}
    return {"actor": Visitor("SCIM token endpoint"), "origin": Origin.of(request.META), **about}


def _failed(error: FlawedAssertion, asked: TokenRequest) -> HttpResponse:
    if error.fact.data["say"] == Flaw.NO_KEYS.value[0]:
        return _refused("temporarily_unavailable", "The key set of this trust can not be fetched now.", status=503)
    return _refused(asked.refusal, f"Check failed: {CHECKS[error.check]}. The portal tells its administrators why.")


def _refused(error: str, description: str, *, status: int = 0) -> HttpResponse:
    """RFC 6749 section 5.2; descriptions are ASCII without quotes."""
    status = status or (401 if error == "invalid_client" else 400)
    answer = _json({"error": error, "error_description": description}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="Gatehouse SCIM"'
    if status in {429, 503}:
        answer["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _not_allowed(methods: str) -> HttpResponse:
    answer = _refused("invalid_request", f"Use {methods}.", status=405)
    answer["Allow"] = methods
    return answer


def _json(document: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return JsonResponse(document, status=status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
