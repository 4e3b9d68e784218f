"""A receiver of webhooks on loopback: what it was sent, verified as Standard Webhooks says, and what it answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.processes import finish


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def uid(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """The receiver's part of the specification, written down apart from the portal's."""
        signed = f"{self.uid}.{self.headers['webhook-timestamp']}.".encode() + self.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(wanted, said) for said in self.headers["webhook-signature"].split(" "))


@dataclass
class Receiver:
    """`answers`: the status of each request, by what was received; `headers` of the answer; `waits` before it."""

    origin: str
    answers: Callable[[Received], int] = lambda received: 204
    headers: dict[str, str] = field(default_factory=dict)
    waits: Callable[[], object] = lambda: None
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.origin}/events"

    @property
    def kinds(self) -> list[str]:
        return [one.message["type"] for one in self.received]

    @property
    def uids(self) -> list[str]:
        return [one.uid for one in self.received]


@contextmanager
def receiving(settings: Any, port: int = 0) -> Iterator[Receiver]:
    """It runs while the block does, and the operator lets webhooks call it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one = Received({name.lower(): value for name, value in self.headers.items()}, body)
            receiver.received.append(one)
            receiver.waits()
            self.send_response(receiver.answers(one))
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    settings.WEBHOOK_INTERNAL_ORIGINS = [*settings.WEBHOOK_INTERNAL_ORIGINS, receiver.origin]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        finish(thread)
