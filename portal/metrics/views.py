"""The address that is scraped."""

from __future__ import annotations

import os

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import REGISTRY
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from portal.metrics.state import StateCollector


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """In Prometheus' text format, for who has METRICS_TOKEN; without one there is no such address."""
    if not settings.METRICS_TOKEN:
        raise Http404
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(secret.strip(), settings.METRICS_TOKEN):
        return HttpResponse(
            "Send METRICS_TOKEN in the header Authorization: Bearer.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": 'Bearer realm="Gatehouse metrics"'},
        )
    told = generate_latest(_counted()) + generate_latest(_state())
    return HttpResponse(told, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _counted() -> CollectorRegistry:
    """Of all workers of this server, where there are several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _state() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(StateCollector())
    return registry
