"""Middleware for people's pages. SCIM requests pass it by.

An identity provider has no session, no messages and no browser, and its requests are the ones that come by
the thousand: each class here is Django's own, skipped under `/scim/`. Subclasses, so that Django's checks
still find what they look for. The rest of the list (security headers, static files, host check, CSRF) costs
microseconds.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from csp.middleware import CSPMiddleware as StrictCSPMiddleware
from csp.middleware import PolicyParts
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django.middleware import common

SCIM_PREFIX = "/scim/"
ADMIN_PREFIX = "/admin/"


def is_scim(request: HttpRequest) -> bool:
    """Is this a request of an identity provider?"""
    return request.path_info.startswith(SCIM_PREFIX)


def client_address(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """The address of the caller itself, from X-Forwarded-For as far as trusted proxies wrote it (SR-31).

    From the right, the first that is no trusted proxy: what stands left of it is what the caller claims.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
            hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            found = next((hop for hop in reversed(hops) if not is_trusted_proxy(hop)), "")
            if is_address(found):
                request.META["REMOTE_ADDR"] = found
        return get_response(request)

    return middleware


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_trusted_proxy(address: str) -> bool:
    return is_address(address) and any(ip_address(address) in network for network in settings.TRUSTED_PROXIES)


class PortalOnly:
    """Mixed into a middleware: SCIM requests go straight to the next one."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_scim(request):
            return self.get_response(request)  # type: ignore[attr-defined]
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(PortalOnly, sessions.SessionMiddleware):
    """Sessions, for people."""


class AuthenticationMiddleware(PortalOnly, auth.AuthenticationMiddleware):
    """`request.user`, for people; SCIM requests carry a token and no user."""


class MessageMiddleware(PortalOnly, messages.MessageMiddleware):
    """One-time messages, for people."""


class CommonMiddleware(common.CommonMiddleware):
    """Host check and Content-Length for all; redirects to a trailing slash for people only.

    A SCIM 404 is an everyday answer ("does this user exist?"), and never worth resolving the URL twice more.
    """

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return not is_scim(request) and super().should_redirect_with_slash(request)


class CSPMiddleware(PortalOnly, StrictCSPMiddleware):
    """The strict policy everywhere; under /admin/ the one that its scripts can live with (see settings)."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(ADMIN_PREFIX) and parts.replace is None and not report_only:
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts
