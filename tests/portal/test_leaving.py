"""The production server while it stops, and while all of its threads wait: balancers are told in time."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.project import probes
from portal.project.waiting_worker import asks_for_health
from tests import clock
from tests.conformance.portal_process import Portal, running_portal
from tests.databases import migrated_sqlite
from tests.portal.raw_http import say

pytestmark = pytest.mark.once

THREADS = 4


@contextmanager
def portal_of(folder: Path, blocker: Any, **environment: str) -> Iterator[Portal]:
    with pytest.MonkeyPatch.context() as patch, blocker.unblock():
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("DATABASE_URL", migrated_sqlite(folder / "portal.sqlite3"))
        patch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
        with running_portal() as running:
            yield running


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Portal]:
    with portal_of(tmp_path_factory.mktemp("busy"), django_db_blocker) as portal:
        yield portal


@pytest.fixture
def leaving(tmp_path: Path, django_db_blocker: Any) -> Iterator[Portal]:
    """One that takes its time to leave."""
    with portal_of(tmp_path, django_db_blocker, DRAIN_SECONDS="600") as portal:
        yield portal


def opened(portal: Portal, sent: bytes = b"") -> socket.socket:
    address = urlsplit(portal.base_url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=30)
    connection.sendall(sent)
    return connection


def ask(portal: Portal, address: str) -> tuple[int, str]:
    answer = say(portal, f"GET {address} HTTP/1.1", "Host: 127.0.0.1")
    return answer.status, answer.body


@contextmanager
def all_threads_waiting(portal: Portal) -> Iterator[None]:
    """Each for the rest of a form that never comes."""
    head = b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(THREADS * 2):
            stack.enter_context(opened(portal, head + kind))
        yield


@pytest.mark.parametrize("address", sorted(probes.ADDRESSES))
def test_a_health_check_is_answered_while_all_threads_wait(portal: Portal, address: str) -> None:
    with all_threads_waiting(portal):
        assert ask(portal, address)[0] == 200


def test_a_server_that_leaves_is_not_ready_serves_on_and_keeps_no_connection(leaving: Portal) -> None:
    assert ask(leaving, probes.READY) == (200, "ready\n")
    leaving.server.signal(signal.SIGTERM)
    assert clock.wait_until(lambda: ask(leaving, probes.READY) == (503, "not ready\n"), seconds=30)
    assert ask(leaving, probes.LIVE)[0] == 200
    with opened(leaving, b"GET /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as kept:
        said = b"".join(iter(lambda: kept.recv(65_536), b"")).decode()  # it is the server that closes
    assert said.startswith("HTTP/1.1 200")
    assert "Connection: close" in said
    # A proxy may have connected, and ask only now: what is sent once is not sent again elsewhere.
    with opened(leaving) as connected:
        assert ask(leaving, probes.LIVE)[0] == 200  # accepted later than that
        leaving.server.signal(signal.SIGTERM)
        connected.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connected.recv(65_536).startswith(b"HTTP/1.1 200")
    assert leaving.server.exit_code() == 0


@pytest.mark.parametrize(
    ("sent", "is_one"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"HEAD /readyz?x=1 HTTP/1.0\r\n\r\n", True),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n", False),  # its end may never come
        (b"GET /login/ HTTP/1.1\r\nReferer: /livez\r\n\r\n", False),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", False),
        (b"", False),
    ],
)
def test_a_health_check_is_known_by_its_whole_head(sent: bytes, is_one: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        assert asks_for_health(ours) is is_one
        assert ours.recv(4096, socket.MSG_DONTWAIT) == sent if sent else True
