"""What a process counts of its requests, for /metrics: the workers of a server are summed (prometheus-client)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

from identity.db import replica
from identity.db.following import Outcome
from portal.project import probes
from portal.project.middleware import API_PREFIX, SCIM_PREFIX, SIGN_IN_PREFIX

logger = logging.getLogger(__name__)

# From a look-up over SCIM to a report; where a statement ends (STATEMENT_TIMEOUT) is the last.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("gatehouse_requests", "Requests that were answered.", ["door", "method", "status"])
SECONDS = Histogram("gatehouse_request_seconds", "From the request's head to the answer's.", ["door"], buckets=BUCKETS)
SCIM = Counter(
    "gatehouse_scim_requests",
    "Requests of identity providers (by their ids), by what they were about and how they were answered.",
    ["identity_provider", "resource", "method", "status"],
)
REPLICA = Counter(
    "gatehouse_replica_reads",
    "Requests whose reads may come from a replica, by where they went: there, or to the primary, and why.",
    ["outcome"],
)
SIGN_INS = Counter("gatehouse_sign_ins", "People who signed in, by the way they came.", ["way"])

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
RESOURCES = frozenset({"Users", "Groups", "Bulk", "Me", "Schemas", "ResourceTypes", "ServiceProviderConfig", ".search"})
_DOORS = (
    (SCIM_PREFIX, "scim"),
    (API_PREFIX, "rest"),
    ("/admin/", "admin"),
    (SIGN_IN_PREFIX, "sign_in"),
    ("/login/", "sign_in"),
    ("/password/", "sign_in"),
    ("/invitations/", "sign_in"),
    ("/profile/", "profile"),
    ("/static/", "static"),
)


def count_requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """The outermost middleware: it sees each answer as it leaves."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        answer = get_response(request)
        try:
            _count(request, answer.status_code, time.monotonic() - began)
        except OSError:  # such as a full disk: the response must not suffer
            logger.warning("A request could not be counted", exc_info=True)
        return answer

    return middleware


def _count(request: HttpRequest, status: int, seconds: float) -> None:
    """Every label is one of a few: a stranger can't fill the memory with names."""
    method, door = request.method if request.method in METHODS else "other", door_of(request.path_info)
    REQUESTS.labels(door, method, status).inc()
    SECONDS.labels(door).observe(seconds)
    provider = getattr(getattr(request, "actor", None), "identity_provider_id", None)
    if provider is not None:
        SCIM.labels(provider, resource_of(request.path_info), method, status).inc()


def door_of(path: str) -> str:
    if path in probes.ADDRESSES:
        return "health"
    return next((door for prefix, door in _DOORS if path.startswith(prefix)), "other")


def resource_of(path: str) -> str:
    """The endpoint of a SCIM address."""
    name = path.removeprefix(f"{SCIM_PREFIX}v2/").lstrip("/").partition("/")[0]
    return name if name in RESOURCES else "other"


def note_sign_in(request: HttpRequest, **_: Any) -> None:
    path = request.path_info
    SIGN_INS.labels("sso" if path.startswith(SIGN_IN_PREFIX) else "passkey" if "passkey" in path else "password").inc()


def note_choice(outcome: Outcome, **_: Any) -> None:
    REPLICA.labels(outcome.value).inc()


replica.chosen.connect(note_choice, dispatch_uid="gatehouse_metrics")
user_logged_in.connect(note_sign_in, dispatch_uid="gatehouse_metrics")
