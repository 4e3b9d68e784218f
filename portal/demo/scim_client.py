"""The demo's identity providers: they send real SCIM, over HTTP, to this portal.

The portal's own WSGI application listens on a free loopback port while the story runs, so that
the provisioning log, the conflicts and the ids of the demo are those of a real connection.
"""

from __future__ import annotations

import http
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connections

from identity.core.errors import GatehouseError

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class UnexpectedAnswer(GatehouseError):
    """The SCIM endpoint did not answer as the story needs."""

    code = "unexpected_answer"


class QuietHandler(WSGIRequestHandler):
    """Writes no access log: the demo prints only what its reader needs."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def listening() -> Iterator[int]:
    """This portal, answering one request at a time on the loopback port that the block is given."""
    server = make_server("127.0.0.1", 0, get_internal_wsgi_application(), handler_class=QuietHandler)

    def serve() -> None:
        try:
            server.serve_forever(poll_interval=0.05)
        finally:
            connections.close_all()  # those of this thread

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class SCIMClient:
    """One identity provider with its token."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/scim+json",
            "Accept": "application/scim+json",
            "Host": settings.PUBLIC.netloc,  # a host that the portal always accepts
            "User-Agent": "gatehouse-demo",
        }

    def send(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> dict[str, Any]:
        """One request; raises UnexpectedAnswer unless the status is `status`, or any 2xx without one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            connection.request(method, f"/scim/v2{path}", content, self.headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != status and (status is not None or answer.status >= http.HTTPStatus.BAD_REQUEST):
            raise UnexpectedAnswer(f"{method} {path} was answered with {answer.status}: {text[:300]}")
        return json.loads(text) if text else {}

    def find(self, resource: str, attribute: str, value: str) -> dict[str, Any] | None:
        """The matching resource, looked up as an identity provider does before it creates."""
        condition = quote(f"{attribute} eq {json.dumps(value, ensure_ascii=False)}")
        found = self.send("GET", f"/{resource}?filter={condition}")
        return next(iter(found["Resources"]), None) if found["totalResults"] else None

    def post(self, resource: str, body: dict[str, Any]) -> str:
        """POST; the new id."""
        return str(self.send("POST", f"/{resource}", body, status=201)["id"])

    def patch(self, path: str, *operations: dict[str, Any], status: int | None = None) -> None:
        self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, status=status)
