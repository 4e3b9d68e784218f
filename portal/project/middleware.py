"""Middleware for the web pages. SCIM requests bypass it.

An identity provider has no session, messages or browser, and sends requests by
the thousand: each class here is Django's own, skipped under `/scim/`. They are subclasses, so that Django's
checks still find the classes they expect. The rest of the list (security headers, static files, host check, CSRF)
costs microseconds.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, ClassVar

from csp.middleware import CSPMiddleware as StrictCSPMiddleware
from django.conf import settings
from django.contrib.messages import middleware as messages
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware import common
from django.shortcuts import render

from portal.project import bodies, probes
from portal.project.proxies import address_in, is_address

SCIM_PREFIX = "/scim/"
API_PREFIX = "/api/"
SIGN_IN_PREFIX = "/sso/"


def is_scim(request: HttpRequest) -> bool:
    """Whether this is a request of an identity provider."""
    return request.path_info.startswith(SCIM_PREFIX)


def client_address(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """The caller's own address, from X-Forwarded-For as far as trusted proxies wrote it (SR-31).

    From the right, the first that is not a trusted proxy: anything left of it is only the caller's claim.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            hops = [address_in(hop) for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            found = next((hop for hop in reversed(hops) if not is_trusted_proxy(hop)), "")
            if found:
                request.META["REMOTE_ADDR"] = found
        return get_response(request)

    return middleware


def is_trusted_proxy(address: str) -> bool:
    return is_address(address) and any(ip_address(address) in network for network in settings.TRUSTED_PROXIES)


class PortalOnly:
    """Mixed into a middleware: SCIM requests go straight to the next one."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_scim(request):
            return self.get_response(request)  # type: ignore[attr-defined]
        return super().__call__(request)  # type: ignore[misc]


class MessageMiddleware(PortalOnly, messages.MessageMiddleware):
    """One-time messages, for people."""


class CommonMiddleware(common.CommonMiddleware):
    """Host check and Content-Length for all; redirects to a trailing slash for people only.

    A SCIM 404 is routine ("does this user exist?") and not worth resolving the URL twice more. A
    load balancer checks health by IP address, which is not an allowed host: that response reveals nothing.
    """

    def process_request(self, request: HttpRequest) -> Any:
        return None if request.path_info in probes.ADDRESSES else super().process_request(request)

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not is_scim(request) and super().should_redirect_with_slash(request)


class BodyLimit:
    """Answers 413 to a body larger than its sender may send, whatever its encoding, without reading on (SR-32).

    Django's own limit does not cover files, and the CSRF check reads a form before the sender is known;
    so this comes after AuthenticationMiddleware, since signed-in users may send more than strangers. SCIM reads
    and limits its bodies itself, once it knows the token, and so does the REST API with a caller's.
    """

    refusals: ClassVar[dict[type[Exception], int]] = {
        RequestDataTooBig: 413,
        BadRequest: 400,
        bodies.LengthRequired: 411,
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            _bound(request)
        except tuple(self.refusals) as error:
            return self.refused(request, error)
        return self.get_response(request)

    def refused(self, request: HttpRequest, error: Exception) -> HttpResponse:
        status = self.refusals[type(error)]
        return render(request, "413.html" if status == 413 else "400.html", status=status)


def _bound(request: HttpRequest) -> None:
    is_in_chunks = bodies.is_in_chunks(request)
    if is_in_chunks and is_scim(request):
        bodies.open_chunks(request)
    elif is_in_chunks and not _is_with_token(request):
        bodies.take_chunks(request, _limit_of(request))
    elif not is_scim(request) and _is_longer(request):
        raise RequestDataTooBig


def _is_longer(request: HttpRequest) -> bool:
    """The sender is looked up only for bodies longer than a stranger may send."""
    length = bodies.length_of(request)
    return length > bodies.FROM_STRANGERS and length > _limit_of(request)


def _limit_of(request: HttpRequest) -> int:
    if _is_with_token(request) or request.user.is_authenticated:
        return bodies.from_callers()
    is_of_provider = request.path_info.startswith(SIGN_IN_PREFIX)
    return bodies.FROM_IDENTITY_PROVIDERS if is_of_provider else bodies.FROM_STRANGERS


def _is_with_token(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX) and "Authorization" in request.headers


class CSPMiddleware(PortalOnly, StrictCSPMiddleware):
    """The content security policy, for people's pages."""
