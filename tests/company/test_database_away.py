"""The database is away: every address of every door says so, with 503 and when to try again, and none a 500 (SR-40)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpResponse
from django.test import Client

from portal.project import probes
from tests.addresses import addresses
from tests.factories import make_api_token, make_idp, make_owner, make_token
from tests.interruptions import GONE, failing
from tests.loops import each
from tests.portal.admin_pages import text_of
from tests.sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)  # what fails rolls a whole transaction back

SCIM = ("/scim/v2/Users", "/scim/v2/Users/1", "/scim/v2/Groups", "/scim/v2/Groups/1")
ADDRESSES = sorted({*addresses(), *SCIM} - probes.ADDRESSES)
KINDS = {"/scim/": "application/scim+json", "/api/": "application/problem+json"}
# What needs no database: the document of the API and its page, a question that is in a signed cookie, the metadata of
# the token endpoint, and what is no request for a token (tests/oauth sends one).
WITHOUT = {
    "/api/v1/schema/",
    "/api/v1/docs/",
    "/login/passkey/question/",
    "/.well-known/oauth-authorization-server",
    "/scim/oauth/token",
}


def owner() -> Client:
    return signed_in(make_owner())


def script() -> Client:
    return Client(headers={"Authorization": f"Bearer {make_api_token(make_owner())}"})


def provider() -> Client:
    return Client(headers={"Authorization": f"Bearer {make_token(make_idp())}"})


def asked(client: Client, address: str, method: str) -> HttpResponse:
    client.raise_request_exception = False
    answer: HttpResponse = getattr(client, method)(address)
    return answer


def is_told(answer: HttpResponse, address: str) -> bool:
    """503 in the door's own words, with nothing of the database in it."""
    kind = next((kind for prefix, kind in KINDS.items() if address.startswith(prefix)), "text/html")
    return (
        (answer.status_code, answer.get("Retry-After")) == (503, "5")
        and answer["Content-Type"].startswith(kind)
        and GONE not in answer.content.decode()
    )


@pytest.fixture(autouse=True)
def _without_a_thousand_tracebacks() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("who", "below", "at_least"), [(owner, "/", 300), (script, "/api/", 80), (provider, "/scim/", len(SCIM))]
)
def test_every_address_says_that_the_database_is_away(
    who: Callable[[], Client], below: str, at_least: int, method: str
) -> None:
    client = who()
    doors = [address for address in ADDRESSES if address.startswith(below) and address not in WITHOUT]
    with failing("", times=1_000_000):
        found = {address: asked(client, address, method) for address in doors}
    told = [address for address, answer in each(found.items(), at_least=at_least) if is_told(answer, address)]
    # A method that there is not, and a token that the session's browser does not send, need no database.
    others = {found[address].status_code for address in set(found) - set(told)}
    assert others <= {401, 405}
    assert len(told) > len(doors) * 0.9
    pages = [answer for answer in found.values() if answer["Content-Type"].startswith("text/html")]
    assert not [answer for answer in pages if "Content-Security-Policy" not in answer]


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_stranger_is_told_of_a_mistake(method: str) -> None:
    client = Client()
    with failing("", times=1_000_000):
        found = {address: asked(client, address, method) for address in ADDRESSES}
    failed = {address: answer for address, answer in found.items() if answer.status_code >= 500}
    assert [address for address, answer in failed.items() if not is_told(answer, address)] == []
    assert "/login/" in failed


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
@pytest.mark.parametrize("address", ["/login/", "/admin/", "/api/v1/users/", "/scim/v2/Users"])
def test_whatever_way_it_is_away(address: str, error: type[Exception]) -> None:
    client = provider() if address.startswith("/scim/") else owner()
    with failing("", error=error, times=1_000_000):
        assert is_told(asked(client, address, "get"), address)


def test_the_page_says_what_to_do() -> None:
    with failing(""):
        said = text_of(asked(Client(), "/login/", "get"))
    assert "database is unavailable or read-only at the moment" in said
    assert "Try again in a few seconds" in said
    assert "mistake" not in said
