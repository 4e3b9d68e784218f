"""Traces for OpenTelemetry: a span for each request, in it for each statement and each call of an identity provider.

Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set. Spans tell no more than the log does: no address, no value of a
statement, no words of an error, which name people and hold secrets (SR-15).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponseBase
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from identity.core import serving
from portal.project import probes
from portal.project.counters import METHODS, door_of
from portal.project.middleware import is_trusted_proxy
from portal.project.version import version

logger = logging.getLogger(__name__)

LONGEST_STATEMENT = 4_000
SECONDS_TO_LEAVE = 5.0
GIVEN = ("traceparent", "tracestate")

_lock = Lock()
_provider: TracerProvider | None = None


class Exporter(OTLPSpanExporter):
    """Spans that can't be delivered are dropped; that it is so is said once, and once that it is over."""

    _is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            logger.warning("The collector takes no traces: they are dropped until it does")
        elif self._is_away and not is_away:
            logger.info("The collector takes traces again")
        self._is_away = is_away
        return result


def begin() -> None:
    """In each process that serves, after the fork: the thread that sends spans would not survive one."""
    global _provider
    with _lock:
        if _provider is None:
            told = {"service.name": settings.OTEL_SERVICE_NAME, "service.version": version()}
            resource = Resource(told).merge(OTELResourceDetector().detect())
            provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            provider.add_span_processor(BatchSpanProcessor(Exporter()))
            connection_created.connect(_watch, dispatch_uid="gatehouse_traces")
            _provider = provider


def end() -> None:
    """What is still to be sent goes, but nobody waits long for a collector."""
    if _provider is not None:
        leaving = Thread(target=_provider.shutdown, daemon=True)
        leaving.start()
        leaving.join(SECONDS_TO_LEAVE)


def _tracer() -> Tracer:
    return trace.get_tracer(__name__, tracer_provider=_provider)


# --- requests ---


def trace_requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Any:
    """Inside of what gives a request its id, outside of all else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info in probes.ADDRESSES:
            return get_response(request)
        method = request.method if request.method in METHODS else "_OTHER"
        with _tracer().start_as_current_span(
            str(method), _given(request), SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            response = get_response(request)
            _tell(span, request, str(method), response.status_code)
        return response

    return middleware


def _given(request: HttpRequest) -> Context:
    """A proxy's own trace goes on here; anybody else could hide in it, or spoil another's."""
    if not is_trusted_proxy(request.META.get("REMOTE_ADDR", "")):
        return Context()
    return TraceContextTextMapPropagator().extract(
        {name: request.headers[name] for name in GIVEN if name in request.headers}, Context()
    )


def _tell(span: Span, request: HttpRequest, method: str, status: int) -> None:
    door, served = door_of(request.path_info), serving.current()
    view = getattr(request.resolver_match, "view_name", "")
    span.update_name(f"{method} {view or door}")
    span.set_attributes(
        {
            "http.request.method": method,
            "http.response.status_code": status,
            "gatehouse.door": door,
            "gatehouse.view": view,
            "gatehouse.request": served.request_id if served else "",
        }
    )
    if served and served.identity_provider_id is not None:
        span.set_attribute("gatehouse.identity_provider", served.identity_provider_id)
    if status >= 500:
        span.set_status(StatusCode.ERROR)


# --- what a request waits for ---


@contextmanager
def _waited_for(name: str, attributes: dict[str, Any]) -> Iterator[Span]:
    """The words of an error may be somebody's name: its class is told."""
    span = _tracer().start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
    try:
        yield span
    except Exception as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()


def _watch(connection: Any, **_: Any) -> None:
    """A connection that was lost and is made again has it already."""
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """With the places of its values, never with them: whatever is composed in another way is not shown."""
    if not trace.get_current_span().is_recording():
        return execute(sql, params, many, context)
    text = sql.strip() if isinstance(sql, str) else ""
    connection = context["connection"]
    told = {
        "db.system.name": connection.vendor,
        "db.namespace": connection.alias,
        "db.query.text": text[:LONGEST_STATEMENT],
    }
    with _waited_for(text.partition(" ")[0].upper() or type(sql).__name__, told):
        return execute(sql, params, many, context)


@contextmanager
def call(method: str, url: str) -> Iterator[Callable[[int], None]]:
    """Of an identity provider; what is yielded is told the answer's status."""
    told = {"http.request.method": method, "server.address": urlsplit(url).hostname or ""}
    with _waited_for(method, told) as span:
        yield lambda status: span.set_attribute("http.response.status_code", status)
