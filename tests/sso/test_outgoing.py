"""Where the portal itself calls, and for how long (SR-43)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from django.test import Client
from requests.exceptions import RequestException

from identity.models import ProvisioningLog, SSOConnection
from portal.sso import outgoing, patience
from portal.sso.discovery import discover
from portal.sso.outgoing import GuardedSession, is_protected
from tests import clock
from tests.factories import connect, make_idp, make_owner
from tests.portal.admin_pages import text_of
from tests.processes import finish
from tests.sessions import signed_in
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db


Names = dict[str, list[str] | OSError]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the names of hosts are found at; all others, and addresses, as ever."""
    known: Names = {}
    look_up = socket.getaddrinfo

    def found(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        answer = known.get(host, [host])
        if isinstance(answer, OSError):
            raise answer
        return [entry for each in answer for entry in look_up(each, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


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
        "224.0.1.1",
        "ff0e::1",
        "::ffff:224.0.1.1",
    ],
)
def test_private_addresses_are_not_called(names: Names, address: str) -> None:
    """SSRF. Who runs the portal hears how to allow one."""
    names["idp.example"] = ["93.184.216.34", address]
    connection = connect(make_idp("Okta"), issuer="https://idp.example")
    page = text_of(signed_in(make_owner()).get(f"/sso/{connection.slug}/"))
    assert "One of its addresses leads into a private network, or nowhere." in page
    assert "If that is right, name its origin in SSO_INTERNAL_ORIGINS." in page
    with GuardedSession() as session, pytest.raises(requests.exceptions.InvalidURL):
        session.get("https://idp.example/.well-known/openid-configuration")


def test_a_second_answer_of_the_name_server_changes_nothing(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was looked at is the one that is called (DNS rebinding)."""
    called: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        called.append(address)
        names["idp.example"] = ["10.0.0.1"]
        raise OSError("nobody there")

    names["idp.example"] = ["93.184.216.34", "93.184.216.35"]
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    with GuardedSession() as session, pytest.raises(requests.ConnectionError):
        session.get("https://idp.example/")
    assert called == [("93.184.216.34", 443), ("93.184.216.35", 443)]


def test_an_address_that_refuses_gives_way_to_the_next(names: Names, settings: Any, live_server: Any) -> None:
    port = live_server.thread.port
    settings.SSO_INTERNAL_ORIGINS = [f"http://idp.corp:{port}"]
    names["idp.corp"] = ["127.0.0.2", live_server.thread.host]
    settings.ALLOWED_HOSTS = ["idp.corp"]
    with GuardedSession() as session:
        assert session.get(f"http://idp.corp:{port}/healthz").text == "ok\n"
    names["idp.corp"] = ["127.0.0.2", "127.0.0.3"]
    with GuardedSession() as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://idp.corp:{port}/healthz")


@pytest.mark.parametrize("host", ["nowhere.example", f"{'a' * 64}.example"])
def test_a_name_that_is_not_found_is_told_as_one(names: Names, host: str) -> None:
    names["nowhere.example"] = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    connection = connect(make_idp("Okta"), issuer=f"https://{host}")
    page = text_of(Client().get(f"/sso/{connection.slug}/"))
    assert "Okta can't be reached right now." in page
    assert ProvisioningLog.objects.get().code == "unreachable"


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
                        clock.wait(0.02)
                except OSError:  # the portal hung up
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finish(thread)


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
