"""Is there a server at this address? It needs no session, no password and no free connection."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from threading import Lock

# Asks for TLS (PostgreSQL's protocol, "SSLRequest"): a server, or a pooler, answers yes or no before anything else.
_QUESTION = struct.pack("!ii", 8, 80877103)


def answers(host: str, port: int, *, seconds: float) -> bool:
    """Whether something answers there within so many seconds; `host` is an address, or the directory of a socket."""
    until = time.monotonic() + seconds
    try:
        with _reached(host, port, seconds) as reached:
            reached.sendall(_QUESTION)
            reached.settimeout(max(0.05, until - time.monotonic()))
            return bool(reached.recv(1))
    except OSError:
        return False


def _reached(host: str, port: int, seconds: float) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=seconds)
    reached = socket.socket(socket.AF_UNIX)
    try:
        reached.settimeout(seconds)
        reached.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        reached.close()
        raise
    return reached


class Shared:
    """Answers that all threads share for a moment: a frozen server is not asked by each of them."""

    def __init__(self, ask: Callable[[str, int], bool], *, seconds: float) -> None:
        self._ask, self._seconds = ask, seconds
        self._known: dict[tuple[str, int], tuple[float, bool]] = {}
        self._lock = Lock()

    def __call__(self, host: str, port: int) -> bool:
        with self._lock:
            at, answered = self._known.get((host, port), (float("-inf"), False))
            if time.monotonic() - at > self._seconds:
                answered = self._ask(host, port)
                self._known[host, port] = time.monotonic(), answered
            return answered
