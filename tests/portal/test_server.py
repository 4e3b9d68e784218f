"""The production server as `make serve` starts it, over a socket: what reaches the portal, what it answers itself."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from portal.project import server
from tests.conformance.portal_process import Portal, of_a_portal, running_portal, server_command
from tests.databases import migrated_sqlite
from tests.environment import nothing_set
from tests.portal.raw_http import say
from tests.processes import ROOT, held_port, run, started, wait_until_it_answers

pytestmark = pytest.mark.once

SCIM = "application/scim+json"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Portal]:
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setenv("DATABASE_URL", migrated_sqlite(tmp_path_factory.mktemp("server") / "portal.sqlite3"))
        patch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)
        with running_portal() as running:
            yield running


@pytest.fixture(scope="module")
def bearer(portal: Portal) -> str:
    return f"Authorization: Bearer {portal.token()}"


def in_chunks(body: bytes, size: int = 10) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_scim_takes_a_body_in_chunks(portal: Portal, bearer: str) -> None:
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "chunked"}
    head = ("Host: 127.0.0.1", bearer, f"Content-Type: {SCIM}", "Transfer-Encoding: chunked")
    answer = say(portal, "POST /scim/v2/Users HTTP/1.1", *head, body=in_chunks(json.dumps(user).encode()))
    assert (answer.status, json.loads(answer.body)["userName"]) == (201, "chunked")
    broken = say(portal, "POST /scim/v2/Users HTTP/1.1", *head, body=b"zz\r\n{}\r\n0\r\n\r\n")
    assert (broken.status, json.loads(broken.body)["status"]) == (400, "400")


def test_the_sign_in_form_takes_a_body_in_chunks(portal: Portal) -> None:
    page = say(portal, "GET /login/ HTTP/1.1", "Host: 127.0.0.1")
    cookie = re.search("csrftoken=([^;]+)", page.head)
    token = re.search('csrfmiddlewaretoken" value="([^"]+)', page.body)
    assert cookie
    assert token
    head = ("Host: 127.0.0.1", f"Cookie: csrftoken={cookie[1]}", "Transfer-Encoding: chunked")
    form = f"csrfmiddlewaretoken={token[1]}&username=nobody&password=wrong".encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    answer = say(portal, "POST /login/ HTTP/1.1", *head, kind, body=in_chunks(form, 1000))
    assert (answer.status, "do not match" in answer.body) == (200, True)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("GET /scim/v2/Users?filter=" + "x" * 9000 + " HTTP/1.1", "Host: 127.0.0.1"), 414),
        (("GET /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "X-Long: " + "x" * 40_000), 431),
        (("GET /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", *[f"X-{number}: 1" for number in range(120)]), 431),
        (("GET /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Two Words: 1"), 400),
        (("GET /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Host: evil.example"), 400),
        (("GET /scim/v2/\xe9 HTTP/1.1", "Host: 127.0.0.1"), 400),
        (("GET /scim/v2/Users HTTP/9.9", "Host: 127.0.0.1"), 400),
        (("POST /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Expect: miracles"), 417),
        (("POST /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Transfer-Encoding: brotli"), 501),
        (("POST /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Transfer-Encoding: chunked", "Content-Length: 4"), 400),
        (("POST /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1", "Content-Length: many"), 400),
    ],
)
def test_sr33_what_the_server_refuses_by_itself_is_scim_as_well(
    portal: Portal, lines: tuple[str, ...], status: int
) -> None:
    answer = say(portal, *lines)
    said = json.loads(answer.body)
    assert (answer.status, said["status"], said["schemas"]) == (status, str(status), [server.ERROR_SCHEMA])
    assert said["detail"].endswith(".")
    assert f"Content-Type: {SCIM}" in answer.head


def test_people_get_a_page_for_the_same(portal: Portal) -> None:
    answer = say(portal, "GET /login/?next=" + "x" * 9000 + " HTTP/1.1", "Host: 127.0.0.1")
    assert (answer.status, "Content-Type: text/html" in answer.head) == (414, True)


def test_long_cookie_lines_and_two_cookies_of_a_balancer_fit(portal: Portal) -> None:
    cookies = f"AWSELBAuthSessionCookie-0={'a' * 4000}; AWSELBAuthSessionCookie-1={'b' * 4000}; other={'c' * 4000}"
    answer = say(portal, "GET /login/ HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookies}")
    assert answer.status == 200


def test_a_balancer_that_knows_an_address_only_gets_health(portal: Portal) -> None:
    answer = say(portal, "GET /healthz HTTP/1.1", "Host: 10.1.2.3:8000")
    assert (answer.status, answer.body) == (200, "ok\n")


def test_connections_outlive_the_idle_time_of_balancers() -> None:
    assert server.keepalive > 60


def test_a_host_whose_database_is_not_migrated_says_so_and_is_not_ready(tmp_path: Path, django_db_blocker: Any) -> None:
    """Nothing migrates but who is asked to: it serves what it can, and balancers leave it alone."""
    database = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    with held_port() as port, started(server_command(port), environment=of_a_portal(database, port), port=port) as host:
        wait_until_it_answers(host, f"{port.origin}/livez")
        assert re.search("[0-9]+ of this release's migrations wait to be applied: run `manage.py migrate`", host.log)
        with pytest.raises(HTTPError, match="503"):
            urlopen(f"{port.origin}/readyz", timeout=30)  # noqa: S310 - our own server on loopback


@pytest.mark.parametrize(("loads", "pages"), [("import portal.wsgi", True), ("import django; django.setup()", False)])
def test_a_server_has_all_pages_before_its_first_request_and_a_command_has_none(loads: str, pages: bool) -> None:
    told = f"import sys; {loads}; print('portal.admin.people.users' in sys.modules, 'scim.views' in sys.modules)"
    environment = nothing_set() | {"DJANGO_SETTINGS_MODULE": "portal.settings", "DEBUG": "true"}
    done = run([sys.executable, "-c", told], environment=environment, check=True)
    assert done.stdout.split() == [str(pages)] * 2


def test_make_serve_takes_these_settings() -> None:
    assert "--config python:portal.project.server portal.wsgi" in (ROOT / "Makefile").read_text(encoding="utf-8")
