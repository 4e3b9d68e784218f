"""What every answer of the portal has in common: health, headers, cookies, and the lean path of SCIM."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client, RequestFactory

from portal.project.middleware import CommonMiddleware
from portal.session.middleware import SessionMiddleware
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_healthz_answers_when_the_database_does(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_healthz_says_503_when_the_database_is_silent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def cursor() -> None:
        raise DatabaseError("connection refused")

    monkeypatch.setattr(connection, "cursor", cursor)
    answer = client.get("/healthz")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"refused" not in answer.content


def test_the_front_page_asks_who_you_are(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/")


@pytest.mark.parametrize("path", ["/healthz", "/login/", "/admin/", "/api/v1/docs/"])
def test_pages_carry_the_strict_policy(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'self';" in headers["Content-Security-Policy"] + ";"
    assert "style-src 'self';" in headers["Content-Security-Policy"] + ";"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_cookies_are_out_of_reach_of_scripts(client: Client) -> None:
    make_user("mia", password="correct horse battery staple")
    client.get("/admin/", follow=True)
    client.post("/login/", {"username": "mia", "password": "correct horse battery staple"})
    assert {name: (cookie["httponly"], cookie["samesite"]) for name, cookie in client.cookies.items()} == {
        "csrftoken": (True, "Lax"),
        "known-browser": (True, "Lax"),
        "sessionid": (True, "Lax"),
    }


@pytest.mark.parametrize("address", ["/login/", "/scim/v2/Users", "/api/v1/me/", "/healthz/"])
def test_an_unknown_host_is_refused(client: Client, address: str) -> None:
    assert client.get(address, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:8000", "[fd00::5]:8000", "evil.example", "not a host"])
def test_a_balancer_asks_for_health_by_the_address_of_this_machine(client: Client, host: str) -> None:
    answer = client.get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_scim_requests_have_no_session(rf: RequestFactory) -> None:
    seen = []
    middleware = SessionMiddleware(lambda request: seen.append(hasattr(request, "session")))
    middleware(rf.get("/scim/v2/Users"))
    assert seen == [False]


def test_scim_paths_are_never_redirected_to_a_slash(rf: RequestFactory) -> None:
    middleware = CommonMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]
    assert middleware.should_redirect_with_slash(rf.get("/scim/v2/nothing")) is False


def test_scim_answers_set_no_cookies(client: Client) -> None:
    answer = client.get("/scim/v2/Users")
    assert (answer.status_code, dict(answer.cookies)) == (401, {})
    assert "Content-Security-Policy" not in answer.headers
