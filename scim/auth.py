"""Bearer tokens (RFC 6750): checked before anything else; unauthenticated bodies are not read (SR-14)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse

from identity.core import networks, secrets, serving
from identity.core.actors import Provisioner, Visitor
from identity.core.origins import Origin
from identity.core.ways import Way
from identity.events import Event
from identity.services import provider_contacts, scim_tokens, traces
from scim.wire import rates
from scim.wire.errors import Problem, problem_of

logger = logging.getLogger(__name__)

_NO_TOKEN = Problem(401, "Send a SCIM token of this portal in the header Authorization: Bearer.", code="no_token")
_STATIC_REFUSED = Problem(
    401,
    "This identity provider's SCIM tokens are switched off in the portal: send an access token, which it issues for an "
    "hour for a signed assertion (see /.well-known/oauth-authorization-server).",
    code="static_token_refused",
)
_ELSEWHERE = Problem(403, "This token does not work from the network that the call comes from.", code="other_network")
_READ_ONLY = Problem(403, "This token only reads; nothing has been changed.", code="read_only_token")
_TOO_FAST = Problem(429, "Too many requests with this token: send this one again later.", code="too_fast")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class TokenRequired:
    """django-scim2's AUTH_CHECK_MIDDLEWARE: sets `request.actor`, or answers 401."""

    def __init__(self, get_response: Callable[..., Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = secrets.digest(_presented(request))
        bucket, wait = rates.take(key)
        if bucket and wait:
            return _slowed(bucket, wait, request)
        try:
            bearer = _tried_out(request) or scim_tokens.find_bearer(_presented(request))
            if bearer is None:
                rates.end(key)
                return _unauthorized(request)
            if bucket is None:
                rates.begin(key, identity_provider_id=bearer.identity_provider_id, token_id=bearer.token_id)
            refusal = _refusal(bearer, request)
            if bearer.way is not Way.SCIM_OFF and (refusal is None or refusal is _READ_ONLY):
                _note(bearer, request)
        except (DatabaseError, InterfaceError) as error:
            return problem_of(error).to_response()
        serving.note_identity_provider(bearer.identity_provider_id)
        request.actor = actor = _actor(bearer, request)  # type: ignore[attr-defined]
        response = self.get_response(request, *args, **kwargs) if refusal is None else _refused(refusal)
        if bearer.watched:
            _show(request, actor, response.status_code)
        return response


def _refusal(bearer: scim_tokens.TokenBearer, request: HttpRequest) -> Problem | None:
    """Why this token can't do this from here now, if so."""
    if not networks.allows(bearer.networks, _address(request)):
        about = {"identity_provider_id": bearer.identity_provider_id, "token": bearer.token_id}
        traces.note(Event.SCIM_TOKEN_ELSEWHERE, actor=Visitor("SCIM"), origin=Origin.of(request.META), **about)
        return _ELSEWHERE
    if bearer.is_static_refused:
        return _STATIC_REFUSED
    return _READ_ONLY if bearer.is_read_only and not _only_reads(request) else None


def _slowed(bucket: rates.Bucket, wait: int, request: HttpRequest) -> HttpResponse:
    about = {"identity_provider_id": bucket.identity_provider_id, "token": bucket.token_id}
    traces.note(Event.SCIM_TOKEN_SLOWED, actor=Visitor("SCIM"), origin=Origin.of(request.META), **about)
    response = _TOO_FAST.to_response()
    response["Retry-After"] = str(wait)
    return response


def _only_reads(request: HttpRequest) -> bool:
    """A search is a POST (RFC 7644 section 3.4.3)."""
    is_search = request.method == "POST" and request.path_info.rstrip("/").endswith("/.search")
    return is_search or request.method in _READS


def _refused(problem: Problem) -> HttpResponse:
    response = problem.to_response()
    if problem.status == 401:
        response["WWW-Authenticate"] = f'{_challenge()}, error="invalid_token"'
    return response


def _challenge() -> str:
    return str(settings.SCIM_SERVICE_PROVIDER["WWW_AUTHENTICATE_HEADER"])


def _tried_out(request: HttpRequest) -> scim_tokens.TokenBearer | None:
    """The bearer of a request that an administrator tries out in this process, in a transaction that is rolled back."""
    found = request.META.get(scim_tokens.TRIAL)
    return found if isinstance(found, scim_tokens.TokenBearer) else None


def _presented(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _note(bearer: scim_tokens.TokenBearer, request: HttpRequest) -> None:
    if not bearer.noted:
        scim_tokens.note_use(bearer, address=_address(request))


def _show(request: HttpRequest, actor: Provisioner, status: int) -> None:
    """Keep the request for the administrator who is watching; the response does not depend on it."""
    try:
        provider_contacts.note_request(
            actor.identity_provider_id,
            method=actor.method,
            path=_path(request),
            status=status,
            request_id=actor.request_id,
            token_label=actor.token_label,
            address=actor.address,
            duration_ms=actor.elapsed_ms,
        )
    except (DatabaseError, InterfaceError):
        logger.exception("A SCIM request could not be shown to those who watch")


def _path(request: HttpRequest) -> str:
    """The requested path after the SCIM base URL; PostgreSQL accepts no NUL."""
    return unquote(request.get_full_path()).partition("/scim/v2")[2].replace("\0", "")


def _actor(bearer: scim_tokens.TokenBearer, request: HttpRequest) -> Provisioner:
    return Provisioner(
        identity_provider_id=bearer.identity_provider_id,
        token_id=bearer.token_id,
        token_label=bearer.label,
        asks_before_adopting=bearer.asks_before_adopting,
        identifies_by_external_id=bearer.identifies_by_external_id,
        refuses_nested_groups=bearer.refuses_nested_groups,
        way=bearer.way,
        is_awaited=bearer.is_awaited,
        keeps_requests=bearer.keeps_requests,
        is_braked=bearer.is_braked,
        method=request.method or "",
        address=_address(request),
    )


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _unauthorized(request: HttpRequest) -> HttpResponse:
    """401; the error code distinguishes a wrong token from a missing one (RFC 6750 section 3.1)."""
    if _presented(request):
        provider_contacts.note_stranger(method=request.method or "", path=_path(request), address=_address(request))
        traces.note(Event.SCIM_TOKEN_UNKNOWN, actor=Visitor("SCIM"), origin=Origin.of(request.META))
    response = _NO_TOKEN.to_response()
    response["WWW-Authenticate"] = f'{_challenge()}, error="invalid_token"' if _presented(request) else _challenge()
    return response
