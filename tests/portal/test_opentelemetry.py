"""Traces: none unless a collector is named; then a span for each request and what it waits for, with nobody in it.

What a collector receives is decoded here as it would do it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id

from portal.project import traces
from portal.sso.outgoing import GuardedSession
from tests import processes
from tests.clients import new_idp
from tests.conformance.portal_process import running_portal
from tests.databases import migrated_sqlite
from tests.environment import nothing_set
from tests.interruptions import GONE, failing
from tests.loops import each
from tests.scim.helpers import user_body

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Collector:
    """Over OTLP/HTTP; spans as they were sent, and the service that sent them."""

    def __init__(self) -> None:
        self.received = b""
        self.spans: list[SentSpan] = []
        self.services: set[str] = set()
        self.headers: set[str] = set()

    def take(self, body: bytes) -> None:
        self.received += body
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services |= {one.value.string_value for one in sent.resource.attributes if one.key == "service.name"}
            self.spans += [span for scope in sent.scope_spans for span in scope.spans]


@contextmanager
def collecting() -> Iterator[tuple[str, Collector]]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                collector.headers.add(self.headers.get("Api-Key", ""))
                collector.take(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", collector
        finally:
            server.shutdown()
            processes.finish(thread)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> None:
    """Of the servers that are started."""
    with django_db_blocker.unblock():
        monkeypatch.setenv("DATABASE_URL", migrated_sqlite(tmp_path / "portal.sqlite3"))
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)


def get(url: str, **headers: str) -> Any:
    with urlopen(Request(url, headers=headers), timeout=30) as answer:  # noqa: S310 - our own server on loopback
        answer.read()
        return answer.headers


# --- a server and its collector ---


@pytest.mark.once
def test_a_collector_receives_what_the_workers_of_a_server_did_even_as_they_leave(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as (url, collector):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20key")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")  # so that only leaving sends
        with running_portal(workers=2) as portal:
            token = portal.token()
            found = get(
                f"{portal.base_url}/Users?filter=userName%20eq%20%22ada.lovelace%22",
                Authorization=f"Bearer {token}",
                Traceparent=TRACEPARENT,
            )
            for _ in range(20):
                get(f"{portal.base_url.removesuffix('/scim/v2')}/login/")
            assert not collector.spans
    assert (collector.services, collector.headers) == ({"gatehouse"}, {"a key"})
    requests = [span for span in collector.spans if span.kind == SentSpan.SPAN_KIND_SERVER]
    assert [span.name for span in requests].count("GET login") == 20
    (asked,) = (span for span in requests if span.trace_id.hex() == TRACE)
    told = {one.key: one.value.string_value or one.value.int_value for one in asked.attributes}
    assert asked.parent_span_id.hex() == PARENT
    assert told["gatehouse.request"] == found["X-Request-Id"]
    assert (told["gatehouse.door"], told["http.response.status_code"]) == ("scim", 200)
    assert told["gatehouse.identity_provider"] == 1
    statements = [span for span in collector.spans if span.parent_span_id == asked.span_id]
    assert "SELECT" in {span.name for span in each(statements, at_least=2)}
    for secret in (token, "ada.lovelace"):
        assert secret.encode() not in collector.received


@pytest.mark.once
def test_a_collector_that_is_away_harms_nothing_and_is_told_of_once(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with processes.held_port() as nobody:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody.origin)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        with running_portal() as portal:
            for _ in range(30):
                get(f"{portal.base_url.removesuffix('/scim/v2')}/login/")
            portal.server.signal()
            assert portal.server.exit_code() == 0
            said = portal.server.log
    assert said.count("The collector takes no traces") == 1
    assert "Traceback" not in said
    assert "opentelemetry" not in said


@pytest.mark.once
def test_nothing_of_it_is_loaded_unless_a_collector_is_named(tmp_path: Path) -> None:
    program = "import portal.wsgi, sys; portal.wsgi.application.end(); print('opentelemetry' in sys.modules)"
    known = nothing_set() | {"DATA_DIR": str(tmp_path), "DATABASE_URL": "sqlite:///:memory:"}
    assert processes.run([sys.executable, "-c", program], environment=known, check=True).stdout == "False\n"


@pytest.mark.once
def test_without_its_packages_the_environment_is_refused(tmp_path: Path) -> None:
    """They are no part of requirements.lock."""
    program = "import sys; sys.modules['opentelemetry'] = None; import portal.settings"
    done = processes.run(
        [sys.executable, "-c", program], environment=nothing_set() | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"}
    )
    assert "expected the packages of requirements-traces.lock, which are not installed." in done.stderr


# --- what spans tell ---


@pytest.fixture
def spans(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(traces, "_provider", provider)
    first, *others = settings.MIDDLEWARE
    settings.TRACES, settings.MIDDLEWARE = True, [first, "portal.project.traces.trace_requests", *others]
    with connection.execute_wrapper(traces._statement):
        yield kept


def of_requests(spans: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.kind is SpanKind.SERVER]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.django_db
def test_sr15_no_value_that_was_sent_is_in_a_span(spans: InMemorySpanExporter) -> None:
    idp = new_idp()
    assert idp.post("/Users", user_body("ada.lovelace")).status_code == 201
    assert idp.post("/Users", user_body("ada.lovelace")).status_code == 409
    assert idp.get("/Users", filter='userName eq "ada.lovelace"').status_code == 200
    told = "".join(span.to_json() for span in each(spans.get_finished_spans(), at_least=10))
    assert "INSERT" in told
    for value in ("ada.lovelace", idp.secret):
        assert value not in told


@pytest.mark.django_db
def test_an_error_is_told_by_its_class_alone(spans: InMemorySpanExporter) -> None:
    idp = new_idp()
    with failing("identity_", error=DatabaseError):
        answer = idp.get("/Users")
    assert answer.status_code >= 500
    (asked,) = of_requests(spans)
    failed = [span for span in spans.get_finished_spans() if attributes(span).get("error.type") == "DatabaseError"]
    assert not asked.status.is_ok
    assert GONE not in "".join(span.to_json() for span in each(failed, at_least=1))


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "is_believed"), [("127.0.0.1", True), ("203.0.113.9", False)])
def test_a_trace_goes_on_where_a_trusted_proxy_began_it(
    spans: InMemorySpanExporter, address: str, is_believed: bool
) -> None:
    Client().get("/login/", REMOTE_ADDR=address, headers={"Traceparent": TRACEPARENT})
    (asked,) = of_requests(spans)
    assert (format_trace_id(asked.context.trace_id) == TRACE) is is_believed
    assert (asked.parent is not None and format_span_id(asked.parent.span_id) == PARENT) is is_believed


@pytest.mark.django_db
def test_strangers_name_no_span_and_health_checks_have_none(spans: InMemorySpanExporter) -> None:
    Client().generic("BREW", "/nowhere/at/all")
    Client().get("/readyz")
    (asked,) = of_requests(spans)
    assert asked.name == "_OTHER other"


@pytest.mark.django_db
def test_a_call_of_an_identity_provider_is_told_by_its_host(spans: InMemorySpanExporter, settings: Any) -> None:
    with collecting() as (origin, _):
        settings.SSO_INTERNAL_ORIGINS = [origin]
        with traces._tracer().start_as_current_span("sign-in"), GuardedSession() as session:
            session.post(f"{origin}/token?code=s3cret", data={"code": "s3cret"}, timeout=5)
    (call,) = (span for span in spans.get_finished_spans() if span.kind is SpanKind.CLIENT)
    assert attributes(call) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "http.response.status_code": 404,
    }
