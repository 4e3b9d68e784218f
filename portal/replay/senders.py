"""The target of a conversation: this portal, in this process, or any SCIM service over HTTP."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest

from portal.replay.matchers import Differs

BAD_TOKEN = "wrong-" + "0" * 24
ROOT = "/scim/v2"


@dataclass(frozen=True)
class Reply:
    """A response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Differs(f"the body is not JSON: {self.excerpt()}") from error

    def excerpt(self) -> str:
        return self.body[:240].decode("utf-8", "replace").replace("\n", " ")


class Sender(Protocol):
    """`request` as in a step of the format, filled in; `auth` is token, bad or none."""

    def send(self, request: dict[str, Any], auth: str) -> Reply: ...


class InProcess:
    """This portal's own SCIM views, behind all its middleware, on this thread's connection to the database.

    So a caller that opened a transaction can roll the whole conversation back.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.handler = BaseHandler()
        self.handler.load_middleware()

    def send(self, request: dict[str, Any], auth: str) -> Reply:
        # Not closed: that would end the request, and with it the connection in the middle of a transaction.
        response = self.handler.get_response(WSGIRequest(environ(request, headers(request, auth, self.token))))
        content: bytes = response.getvalue()
        return Reply(response.status_code, {name.lower(): value for name, value in response.items()}, content)


def environ(request: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """The environment that a server would pass (PEP 3333), with the headers `given`."""
    path, _, query = target(ROOT, request).partition("?")
    body = encode_body(request) or b""
    return {
        "REQUEST_METHOD": request["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": given.pop("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": settings.PUBLIC_HOST,
        "SERVER_PORT": str(settings.PUBLIC.port or (443 if settings.IS_HTTPS else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": settings.PUBLIC.scheme,
        "wsgi.input": BytesIO(body),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()},
    }


@dataclass
class OverHTTP:
    """An identity provider's HTTP client: keeps its connection, as they do."""

    base_url: str
    token: str
    connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def send(self, request: dict[str, Any], auth: str) -> Reply:
        """One request; a connection that the server has closed is reopened once."""
        try:
            return self.send_once(request, auth)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            return self.send_once(request, auth)

    def send_once(self, request: dict[str, Any], auth: str) -> Reply:
        self.connection = self.connection or self.connect()
        root = urllib.parse.urlsplit(self.base_url).path.rstrip("/")
        self.connection.request(
            request["method"],
            target(root, request),
            body=encode_body(request),
            headers=headers(request, auth, self.token),
        )
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def connect(self) -> http.client.HTTPConnection:
        url = urllib.parse.urlsplit(self.base_url)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        return kind(url.netloc, timeout=30)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def target(root: str, request: dict[str, Any]) -> str:
    """A query object is percent-encoded, a query string is sent as is (Entra sends `+` for blanks)."""
    path = root + urllib.parse.quote(request["path"], safe="/:@%~")
    match request.get("query"):
        case None:
            return path
        case str(raw):
            return f"{path}?{raw}"
        case query:
            return f"{path}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"


def headers(request: dict[str, Any], auth: str, token: str) -> dict[str, str]:
    given = {"Accept": "application/scim+json", "User-Agent": "idp-traffic/1"}
    if request.get("body") is not None:
        given["Content-Type"] = "application/scim+json"
    if auth != "none":
        given["Authorization"] = f"Bearer {token if auth == 'token' else BAD_TOKEN}"
    return given | (request.get("headers") or {})


def encode_body(request: dict[str, Any]) -> bytes | None:
    if request.get("body") is not None:
        return json.dumps(request["body"], ensure_ascii=False).encode()
    return b"" if request["method"] in {"POST", "PUT", "PATCH"} else None
