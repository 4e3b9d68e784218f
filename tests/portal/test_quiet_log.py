"""What any passer-by can send leaves the log as it was: it is for what an operator has to look at."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from portal.wsgi import application

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/",
    "/login/",
    "/logout/",
    "/healthz",
    "/admin/",
    "/scim/v2/Users",
    "/api/v1/users/",
    "/api/v1/schema/",
    "/sso/nobody/",
    "/invitations/nothing/",
    "/password/reset/",
    "/nowhere",
    "/static/nothing.css",
]
HOSTS = ["evil.example", "[::", "a b", "", "xn--" + "a" * 300, "127.0.0.1.evil.example"]


@contextmanager
def open_connections() -> Iterator[None]:
    """The beginning and end of a request leave this test's connection open, as they do for the test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What reaches the portal's log."""
    found = io.StringIO()
    handler = logging.StreamHandler(found)
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


def head(address: str, host: str = "127.0.0.1") -> tuple[str, list[bytes]]:
    """As a server asks, beside the test client, which takes bodies away by itself."""
    answered: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "HEAD",
        "PATH_INFO": address,
        "QUERY_STRING": "",
        "HTTP_HOST": host,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    with open_connections():
        body = list(application(environ, lambda status, headers, exc_info=None: answered.append(status)))
    return answered[0], body


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_head_has_no_body(address: str, written: io.StringIO) -> None:
    status, body = head(address)
    assert status[:1] in "234"
    assert body == []
    assert written.getvalue() == ""


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("address", ["/login/", "/scim/v2/Users", "/api/v1/users/", "/sso/nobody/", "/healthz"])
def test_a_foreign_host_is_answered_and_not_written_down(address: str, host: str, written: io.StringIO) -> None:
    assert Client().get(address, HTTP_HOST=host).status_code in {200, 400}
    assert head(address, host)[1] == []
    assert written.getvalue() == ""
