"""Where the portal itself calls, and for how long (SR-43)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from requests.exceptions import RequestException

from identity.models import SSOConnection
from portal.sso import outgoing, patience
from portal.sso.discovery import discover
from portal.sso.outgoing import GuardedSession, is_protected, resolve_public
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "100.64.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_private_addresses_are_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(RequestException):
        resolve_public("idp.example", 443)
    with GuardedSession() as session, pytest.raises(RequestException):
        session.get("https://idp.example/.well-known/openid-configuration")


def test_plain_http_is_not_called_unless_the_operator_named_it() -> None:
    with GuardedSession() as session, pytest.raises(RequestException):
        session.get("http://idp.example/")


def test_an_origin_that_only_begins_like_a_named_one_is_another(settings: Any) -> None:
    settings.SSO_INTERNAL_ORIGINS = ["http://sso.corp"]
    assert is_protected("http://sso.corp/authorize")
    assert not is_protected("http://sso.corp.evil.example/authorize")
    assert not is_protected("http://sso.corp@evil.example/")
    with GuardedSession() as session, pytest.raises(RequestException):
        session.get("http://sso.corp.evil.example/")


def test_redirects_are_not_followed_and_answers_are_bounded(
    settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SSO_INTERNAL_ORIGINS = [live_server.url]
    with GuardedSession() as session:
        assert session.get(f"{live_server.url}/").status_code == 302
        monkeypatch.setattr(outgoing, "MOST_BYTES", 10)
        with pytest.raises(outgoing.TooLarge):
            session.get(f"{live_server.url}/login/")


@contextmanager
def dripping() -> Iterator[str]:
    """A server that sends a byte from time to time and never ends; its origin."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                try:
                    for _ in range(200):
                        connection.sendall(b" ")
                        time.sleep(0.02)
                except OSError:  # the portal hung up
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_an_answer_that_comes_in_drops_is_given_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", 0.2)
    with dripping() as origin:
        settings.SSO_INTERNAL_ORIGINS = [origin]
        with GuardedSession() as session, pytest.raises(outgoing.TooSlow):
            session.get(f"{origin}/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://okta.example/authorize"},
        {"token_endpoint": "http://okta.example/token"},
        {"jwks_uri": None},
        {"jwks_uri": "https://[okta.example/keys"},
        {"authorization_endpoint": "https://okta.example/authorize#fragment"},
        {"token_endpoint": ["https://okta.example/token"]},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_astray_is_refused(
    provider: OIDCProvider, okta: SSOConnection, wrong: dict[str, Any]
) -> None:
    provider.discovery.update(wrong)
    with pytest.raises(RequestException):
        discover(okta)
