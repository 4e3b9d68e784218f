"""The one table from errors to responses: problem+json (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from identity import policy
from identity.core import errors
from identity.core.decisions import Decision
from identity.db.uniqueness import VALUE_TAKEN, is_taken, may_pass
from portal.project.bodies import LengthRequired
from portal.project.unstored import RETRY_AFTER_SECONDS

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# By class: HTTP status, the last part of `type`, and its title.
KINDS: dict[type[Exception], tuple[int, str, str]] = {
    errors.NotFound: (404, "not-found", "Not found"),
    errors.InvalidValue: (400, "invalid-value", "A value can't be taken"),
    errors.Refused: (403, "refused", "Refused"),
    errors.Taken: (409, "taken", "Taken already"),
    errors.Outdated: (409, "outdated", "Changed since the preview"),
    errors.VersionMismatch: (412, "version-mismatch", "Changed since it was read"),
    errors.StillRunning: (409, "still-running", "The first request is still being worked on"),
    errors.KeyReused: (422, "key-reused", "This Idempotency-Key was used for another request"),
    exceptions.ValidationError: (400, "invalid-value", "A value can't be taken"),
    exceptions.ParseError: (400, "malformed", "The body is no JSON"),
    BadRequest: (400, "malformed", "The body is no JSON"),
    exceptions.NotAuthenticated: (401, "not-authenticated", "Not authenticated"),
    exceptions.AuthenticationFailed: (401, "not-authenticated", "Not authenticated"),
    exceptions.PermissionDenied: (403, "refused", "Refused"),
    exceptions.NotFound: (404, "not-found", "Not found"),
    exceptions.MethodNotAllowed: (405, "method-not-allowed", "Method not allowed"),
    exceptions.NotAcceptable: (406, "not-acceptable", "Only JSON is spoken here"),
    exceptions.UnsupportedMediaType: (415, "unsupported-media-type", "Only JSON is understood here"),
    exceptions.Throttled: (429, "too-many-requests", "Too many requests"),
    LengthRequired: (411, "length-required", "The body has no length"),
    RequestDataTooBig: (413, "too-large", "The body is too large"),
    IntegrityError: (503, "unavailable", "The portal could not store this"),
    DatabaseError: (503, "unavailable", "The database does not answer"),
    InterfaceError: (503, "unavailable", "The database does not answer"),
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. An exception in no row of the table is a bug and is raised as it is."""
    error = _plain(error)
    kind = next((kind for kind in type(error).__mro__ if kind in KINDS), None)
    if kind is None or (isinstance(error, IntegrityError) and not may_pass(error)):
        return None
    status, _, title = KINDS[kind]
    if status >= 500:
        logger.error("%s: a request of the REST API", title, exc_info=error)
    body = {**_told(error, kind), **_more(error, context)}
    return Response(body, status=status, headers=_headers(error, status), content_type=CONTENT_TYPE)


def response_to(error: Exception) -> JsonResponse:
    """The same, for requests that never reach a resource."""
    body = _told(error, next(kind for kind in type(error).__mro__ if kind in KINDS))
    status = body["status"]
    return JsonResponse(body, status=status, headers=_headers(error, status), content_type=CONTENT_TYPE)


def _told(error: Exception, kind: type[Exception]) -> dict[str, Any]:
    status, slug, title = KINDS[kind]
    return {
        "type": f"urn:gatehouse:problem:{slug}",
        "title": title,
        "status": status,
        "detail": _detail(error, title),
        "code": _code(error, slug),
    }


@csrf_exempt
def no_such_address(request: HttpRequest) -> JsonResponse:
    """Anything under /api/ that is not a resource."""
    body = {
        "type": "urn:gatehouse:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing at this address. Addresses of the API end with a slash.",
        "code": "not_found",
    }
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)


def _plain(error: Exception) -> Exception:
    """Django's exceptions as DRF's and ours."""
    match error:
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case IntegrityError() if is_taken(error):
            return errors.Taken(VALUE_TAKEN)
    return error


def _detail(error: Exception, title: str) -> str:
    """One sentence; reveals nothing of the database or of Python."""
    match error:
        case errors.GatehouseError():
            return error.sentence
        case exceptions.ValidationError():
            return " ".join(f"{where}: {what}" if where else what for where, what in _flat(error.detail))
        case exceptions.APIException():
            return str(error.detail)
        case RequestDataTooBig():
            return "A body may have 8 MiB, and 128 KiB without a token."
        case LengthRequired():
            return "Send the body with a Content-Length: this server can't read one in chunks."
        case BadRequest():
            return "The body could not be read."
    return f"{title}. Try again shortly."


def _code(error: Exception, slug: str) -> str:
    match error:
        case errors.GatehouseError():
            return error.code
        case exceptions.ValidationError():
            return "invalid_value"
        case exceptions.APIException(detail=exceptions.ErrorDetail(code=str(code))):
            return code
    return slug.replace("-", "_")


def _more(error: Exception, context: dict[str, Any]) -> dict[str, Any]:
    """Members beyond the RFC's: which values are wrong, which cell of the policy refused."""
    match error:
        case errors.Refused(decision=Decision() as decision):
            return {"policy": refusal(decision)}
        case errors.InvalidValue():
            return {"errors": [{"pointer": f"/{error.field}", "detail": error.sentence}]}
        case exceptions.ValidationError():
            # A request without a body has its parameters in the URL.
            name = "parameter" if context["request"].method in {"GET", "HEAD", "DELETE"} else "pointer"
            return {"errors": [{name: _place(name, where), "detail": what} for where, what in _flat(error.detail)]}
    return {}


def refusal(decision: Decision) -> dict[str, Any]:
    """Which cell refused, who has the role for it, and the alternative."""
    action, mode = decision.action, decision.mode
    return {
        "action": action,
        "mode": mode.code if mode else None,
        "cell": policy.cell(action, mode) if action and mode else None,
        "roles": sorted(policy.ROLES[action]) if action else [],
        "instead": decision.instead or None,
    }


def _place(name: str, where: str) -> str:
    return where if name == "parameter" else f"/{where}"


def _flat(detail: Any, where: str = "") -> list[tuple[str, str]]:
    """DRF's nested error details as (place, sentence)."""
    if isinstance(detail, dict):
        inner = [(_joined(where, str(key)), value) for key, value in detail.items()]
    elif isinstance(detail, list):
        inner = [(where, value) for value in detail]
    else:
        return [(where, str(detail))]
    return [found for place, value in inner for found in _flat(value, place)]


def _joined(where: str, key: str) -> str:
    if key == "non_field_errors":
        return where
    return f"{where}/{key}" if where else key


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if status == 429:
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or RETRY_AFTER_SECONDS))
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return headers
