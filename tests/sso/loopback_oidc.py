"""An OpenID Connect provider on loopback that answers as it is told: a whole sign-in goes over the wire."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import jwt
from django.test import Client

from identity.models import SSOConnection
from tests.processes import finish
from tests.sso.keys import signing_key

CLIENT_ID, CLIENT_SECRET = "gatehouse", "s:3%cr et+/="  # what form-encoding changes


def public_key(name: str = "k1", **said: Any) -> dict[str, Any]:
    key = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key(name).public_key(), as_dict=True)
    return {part: value for part, value in {**key, "kid": name, "use": "sig", **said}.items() if value is not None}


@dataclass
class Loopback:
    """What it publishes, what its tokens say, and what it was asked.

    Addresses in `discovery` begin with the vendor's own origins (`stands_for`), and are told with that of the server.
    """

    origin: str
    discovery: dict[str, Any]
    stands_for: tuple[str, ...]
    id_token: dict[str, Any] = field(default_factory=dict)
    userinfo: Any = None  # a JSON object, a text that comes as a signed token, or a status
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public_key()])
    signed_with: str = "k1"
    kid: str | None = "k1"
    takes: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    refuses_with: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)
    nonces: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """The discovery document as it is served."""
        text = json.dumps(self.discovery)
        for origin in self.stands_for:
            text = text.replace(origin, self.origin)
        told: dict[str, Any] = json.loads(text)
        return told

    @property
    def issuer(self) -> str:
        return str(self.document["issuer"])

    def path(self, name: str) -> str:
        return urlsplit(self.document.get(name, "")).path

    # --- answers ---

    def lets_in(self, path: str, authorization: str) -> bool:
        """Userinfo is asked with the access token (OpenID Connect Core 5.3.1)."""
        return path != self.path("userinfo_endpoint") or authorization == "Bearer at"

    def get(self, path: str) -> tuple[int, Any]:
        if path == urlsplit(self.issuer.rstrip("/") + "/.well-known/openid-configuration").path:
            return 200, self.document
        if path == self.path("jwks_uri"):
            return 200, {"keys": self.keys}
        if path == self.path("userinfo_endpoint"):
            return (self.userinfo, {}) if isinstance(self.userinfo, int) else (200, self.userinfo)
        return 404, {}

    def trade(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        """The token endpoint: RFC 6749 section 2.3.1, as a strict server reads it."""
        if self.refuses_with is not None:
            return 400, self.refuses_with
        if self._method(form, authorization) not in self.takes:
            return 401, {"error": "invalid_client"}
        nonce = self.nonces.pop(form["code"])
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.token(nonce=nonce)}

    def _method(self, form: dict[str, str], authorization: str) -> str:
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization[6:]).decode().split(":")
            right = [unquote_plus(part) for part in pair] == [CLIENT_ID, CLIENT_SECRET]
            return "client_secret_basic" if right else ""
        right = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        return "client_secret_post" if right else ""

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        standard = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "auth_time": now}
        said = {name: value for name, value in {**standard, **self.id_token, **claims}.items() if value is not None}
        headers = {"kid": self.kid} if self.kid else {}
        return jwt.encode(said, signing_key(self.signed_with), algorithm="RS256", headers=headers)

    # --- a browser's round trip ---

    def sign_in(self, client: Client, connection: SSOConnection, query: str = "") -> Any:
        """Press the button, be let through there, and come back."""
        there = client.get(f"/sso/{connection.slug}/{query}")
        assert there.status_code == 302, there.content.decode()
        wishes = {name: values[0] for name, values in parse_qs(urlsplit(there["Location"]).query).items()}
        code = f"code-{len(self.asked)}"
        self.nonces[code] = wishes["nonce"]
        said = {"code": code, "state": wishes["state"]}
        if self.discovery.get("authorization_response_iss_parameter_supported"):
            said["iss"] = self.issuer
        return client.get(urlsplit(wishes["redirect_uri"]).path, said)


def _handler(provider: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            may_ask = provider.lets_in(path, self.headers.get("Authorization", ""))
            self._answer(*(provider.get(path) if may_ask else (401, {})))

        def do_POST(self) -> None:
            provider.asked.append(urlsplit(self.path).path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.trade(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: Any) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/jwt" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(discovery: dict[str, Any], *stands_for: str, **said: Any) -> Iterator[Loopback]:
    provider = Loopback("", discovery, stands_for, **said)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider)) as server:
        provider.origin = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            finish(thread)
