"""A provider that drips its answers, or is away, takes the portal from nobody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from requests.exceptions import RequestException

from identity.models import SSOConnection
from portal.sso import outgoing, patience
from portal.sso.outgoing import GuardedSession
from tests import clock
from tests.factories import connect, make_idp, make_owner
from tests.processes import LIMIT, finish

THREADS = 16  # of a worker of `make serve`
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Padding: " + b"x" * 600


@dataclass
class Dripper:
    """Sends a byte of its headers from time to time until the other side hangs up."""

    server: socket.socket
    every: float
    open_now: int = 0
    most_at_once: int = 0
    asked: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.drip, args=(connection,), daemon=True).start()

    def drip(self, connection: socket.socket) -> None:
        with self.lock:
            self.asked += 1
            self.open_now += 1
            self.most_at_once = max(self.most_at_once, self.open_now)
        try:
            with connection:
                connection.recv(4096)
                for byte in HEADERS:
                    connection.sendall(bytes([byte]))
                    if self.ended.wait(self.every):
                        break
        except OSError:
            pass
        with self.lock:
            self.open_now -= 1


@contextmanager
def dripping(every: float = 0.1) -> Iterator[Dripper]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        dripper = Dripper(server, every)
        thread = threading.Thread(target=dripper.accept, daemon=True)
        thread.start()
        yield dripper
        server.shutdown(socket.SHUT_RDWR)
    finish(thread)


@pytest.fixture
def dripper(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dripper]:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 1.5)
    monkeypatch.setattr(patience, "LINE_SECONDS", 0.2)
    with dripping() as dripper:
        settings.SSO_INTERNAL_ORIGINS = [dripper.origin]
        yield dripper


@pytest.fixture
def slow(dripper: Dripper) -> SSOConnection:
    return connect(make_idp("Slow"), issuer=dripper.origin)


def visit(path: str) -> tuple[int, str]:
    try:
        answer = Client().get(path)
        return answer.status_code, answer.content.decode()
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_forty_visits_to_a_slow_provider_leave_threads_for_everybody_else(
    slow: SSOConnection, dripper: Dripper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 60)
    monkeypatch.setattr(patience, "VISIT_SECONDS", 60)
    with ThreadPoolExecutor(THREADS) as worker:
        visits = [worker.submit(visit, f"/sso/{slow.slug}/") for _ in range(40)]
        healthy = worker.submit(visit, "/healthz").result(LIMIT)
        answered = [future.result(LIMIT) for future in islice(as_completed(visits, LIMIT), 40 - patience.AT_ONCE)]
        assert dripper.open_now == patience.AT_ONCE  # all this while the first ones still wait
        dripper.ended.set()
    assert healthy[0] == 200
    assert (dripper.asked, dripper.most_at_once) == (patience.AT_ONCE, patience.AT_ONCE)
    assert {status for status, _ in answered} == {503}
    assert all("wait for its answer already" in page for _, page in answered)


@pytest.mark.django_db
def test_a_provider_that_did_not_answer_is_not_asked_again_at_once(
    client: Client, slow: SSOConnection, dripper: Dripper, caplog: pytest.LogCaptureFixture
) -> None:
    assert "can&#x27;t be reached" in client.get(f"/sso/{slow.slug}/").content.decode()
    again = client.get(f"/sso/{slow.slug}/")
    assert (again.status_code, again["Retry-After"]) == (503, str(patience.REST_SECONDS))
    assert "did not answer a moment ago" in again.content.decode()
    assert dripper.asked == 1
    assert {record.levelname for record in caplog.records} == {"WARNING"}  # it is no error of the portal's


@pytest.mark.django_db
def test_an_administrators_test_asks_it_all_the_same(client: Client, slow: SSOConnection, dripper: Dripper) -> None:
    client.get(f"/sso/{slow.slug}/")
    client.force_login(make_owner())
    page = f"/admin/identity/ssoconnection/{slow.pk}/test/"
    assert "can&#x27;t be reached" in client.get(f"/sso/{slow.slug}/?next={page}").content.decode()
    assert dripper.asked == 2


@pytest.mark.django_db
def test_an_endpoint_that_rests_keeps_no_other_from_being_asked(dripper: Dripper) -> None:
    for path in ("/userinfo", "/userinfo?again", "/token"):
        with GuardedSession() as session, pytest.raises(RequestException):
            session.get(f"{dripper.origin}{path}")
    assert dripper.asked == 2


@pytest.mark.django_db
def test_several_slow_providers_together_do_not_take_all_threads(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 1.0)
    with ExitStack() as running:
        drippers = [running.enter_context(dripping()) for _ in range(5)]
        settings.SSO_INTERNAL_ORIGINS = [dripper.origin for dripper in drippers]

        def ask(url: str) -> str:
            try:
                with GuardedSession() as session:
                    session.get(url)
            except RequestException as error:
                return type(error).__name__
            return ""

        with ThreadPoolExecutor(40) as pool:
            addresses = [f"{dripper.origin}/{number}" for number in range(8) for dripper in drippers]
            outcomes = list(pool.map(ask, addresses))
        assert sum(dripper.asked for dripper in drippers) <= patience.ANY_PROVIDER
    assert set(outcomes) == {"Busy", "TooSlow"}


@pytest.mark.django_db
@pytest.mark.parametrize("drips", ["headers", "body", "handshake", "name"])
def test_one_deadline_ends_whatever_is_slow(
    settings: Any, monkeypatch: pytest.MonkeyPatch, dripper: Dripper, drips: str
) -> None:
    """The name, TLS, headers and body. What hangs is let go when the test ends it, long after the portal gave up."""
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.3)
    ended = threading.Event()
    url = f"{dripper.origin}/"
    match drips:
        case "handshake":
            url = url.replace("http:", "https:")
            settings.SSO_INTERNAL_ORIGINS = [dripper.origin.replace("http:", "https:")]
        case "name":
            monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: ended.wait(30) and [])
        case "body":
            monkeypatch.setitem(globals(), "HEADERS", b"")
            monkeypatch.setattr(Dripper, "drip", drip_a_body)
    with GuardedSession() as session, pytest.raises(patience.TooSlow):
        session.get(url)
    ended.set()


def drip_a_body(self: Dripper, connection: socket.socket) -> None:
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"1\r\n \r\n")
                clock.wait(0.1)
        except OSError:
            pass


@pytest.mark.django_db
def test_a_visit_has_a_deadline_over_all_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "VISIT_SECONDS", 0.0)
    with patience.visit(insists=lambda: False), GuardedSession() as session, pytest.raises(RequestException):
        session.get("https://idp.example/")
    assert patience.deadline() > time.monotonic()


@pytest.mark.django_db
def test_an_answer_that_breaks_off_is_a_failure_in_the_terms_of_requests(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

        thread = threading.Thread(target=answer)
        thread.start()
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings.SSO_INTERNAL_ORIGINS = [origin]
        with GuardedSession() as session, pytest.raises(RequestException):
            session.get(origin)
        finish(thread)


@pytest.mark.django_db
def test_names_that_hang_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver can't be stopped: its threads are counted, and given back."""
    ended, asked = threading.Event(), []

    def hang(*args: Any, **kwargs: Any) -> list[Any]:
        asked.append(args)
        ended.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.05)
    for number in range(12):
        with GuardedSession() as session, pytest.raises(patience.TooSlow):
            session.get(f"https://idp{number}.example/")
    assert len(asked) == 8
    ended.set()
    for _ in range(8):
        assert outgoing._LOOKUPS.acquire(timeout=10)
    for _ in range(8):
        outgoing._LOOKUPS.release()
