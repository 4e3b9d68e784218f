"""Middleware for people's sessions, and for what anyone is refused."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from identity.core import serving
from portal.project.middleware import PortalOnly, is_scim
from portal.session.refusals import note_refusal
from portal.session.sessions import still_listed
from portal.session.store import note_activity


class SessionMiddleware(PortalOnly, sessions.SessionMiddleware):
    """Sessions, for people; each records its user's last activity."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A session may end during its last request: what that one did is answered, the next one has to sign in."""
        note_activity(request)
        try:
            return super().process_response(request, response)
        except SessionInterrupted:  # Django would answer 400, although all is done
            request.session.flush()
            return super().process_response(request, response)


class AuthenticationMiddleware(PortalOnly, auth.AuthenticationMiddleware):
    """`request.user`, for people; SCIM requests carry a token and have no user.

    A session from before a SECRET_KEY rotation gets another key here, and stays listed.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]


def _user(request: HttpRequest) -> Any:
    with still_listed(request):
        user = auth.get_user(request)
    serving.note_user(user.pk)
    return user


def refusals(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Record refused pages and resources: which one, and the reason (ASVS 5.0, 16.3.2)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code == HTTPStatus.FORBIDDEN and not is_scim(request):
            code = _code(response)
            if code != "fresh_sign_in_required":  # a step on the way, not a refusal
                note_refusal(request, code=code)
        return response

    return middleware


def _code(response: HttpResponseBase) -> str:
    """The error code in a REST API response."""
    data = getattr(response, "data", None)
    return str(data.get("code", "")) if isinstance(data, dict) else ""
