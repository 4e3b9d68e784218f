"""One line in the log for each request, and its id: from the proxy or new, in the answer and in every row it writes."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from identity.core import serving
from portal.project import probes
from portal.project.counters import door_of
from portal.project.middleware import is_trusted_proxy

logger = logging.getLogger("portal.requests")

HEADER = "X-Request-Id"
# What a proxy makes: nginx has 32 hexadecimal digits, others a UUID. Longer ones do not fit into the rows.
_GIVEN = re.compile(r"[0-9A-Za-z._]{8,32}")


def request_log(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """The outermost: whatever is answered has an id and a line; health checks that are well have none."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        served, began = serving.Served(_given(request) or serving.new_request_id()), time.perf_counter()
        with serving.serving(served):
            response = get_response(request)
            response.headers[HEADER] = served.request_id
            if request.path_info not in probes.ADDRESSES or response.status_code >= 500:
                _tell(request, response.status_code, served, time.perf_counter() - began)
        return response

    return middleware


def in_templates(request: HttpRequest) -> dict[str, Any]:
    """A context processor."""
    return {"request_id": serving.request_id}


def _given(request: HttpRequest) -> str:
    """A proxy's own; anybody else could give many requests the same one, or that of another's."""
    given = request.headers.get(HEADER, "").replace("-", "")
    return given if _GIVEN.fullmatch(given) and is_trusted_proxy(request.META.get("REMOTE_ADDR", "")) else ""


def _tell(request: HttpRequest, status: int, served: serving.Served, seconds: float) -> None:
    """By the name of the view: an address may contain a secret or a person's name."""
    view = getattr(request.resolver_match, "view_name", "")
    fields = {
        "door": door_of(request.path_info),
        "method": (request.method or "")[:16],
        "view": view,
        "status": status,
        "ms": round(seconds * 1000, 1),
        "idp": served.identity_provider_id,
        "user": served.user_id,
    }
    logger.info("%s %s %s", fields["method"], view or fields["door"], status, extra={"fields": fields})
