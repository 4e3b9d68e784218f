"""Turns any answer of Django or django-scim2 under /scim/ into a SCIM answer (SR-33)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django_scim.constants import SCIM_CONTENT_TYPE

from scim.wire.errors import Problem

_PREFIX = "/scim/"
_OAUTH = "/scim/oauth/"  # answers as RFC 6749 has it
_TOLD = {
    400: "The request can't be read.",
    404: "There is no SCIM endpoint at this address.",
    405: "This method is not supported here.",
    411: "Send the body with a Content-Length: this server can't read one in chunks.",
    413: "The request is too large.",
}


class SCIMErrorMiddleware:
    """Unresolved URLs, disallowed hosts and crashes: identity providers never get HTML."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path_info.startswith(_PREFIX) or request.path_info.startswith(_OAUTH):
            return response
        if response.status_code >= 400 and not _speaks_scim(response):
            return _translated(response)
        return response


def _speaks_scim(response: HttpResponseBase) -> bool:
    """django-scim2's own 500 has the right type but a number for `status`."""
    return response.status_code != 500 and str(response.headers.get("Content-Type", "")).startswith(SCIM_CONTENT_TYPE)


def _translated(response: HttpResponseBase) -> HttpResponseBase:
    """The same status in SCIM, keeping the security headers already set (SR-29)."""
    told = _TOLD.get(response.status_code, "The portal could not answer this request.")
    translated = Problem(response.status_code, told).to_response()
    for name, value in response.headers.items():
        if name not in {"Content-Type", "Content-Length", "Set-Cookie"}:
            translated.headers.setdefault(name, value)
    return translated
