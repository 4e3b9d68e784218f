"""A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import base64
from typing import Any

import jwt
import pytest
from allauth.usersessions.models import UserSession
from django.core.cache.backends.db import DatabaseCache
from django.db import OperationalError
from django.test import Client

from identity.models import SSOConnection
from portal.sso import logout
from portal.sso.logout import EVENT
from tests.factories import connect, make_idp, provision
from tests.sessions import is_in
from tests.sso.backchannel import logout_token, send
from tests.sso.conftest import OIDCProvider
from tests.sso.keys import new_key

pytestmark = pytest.mark.django_db


def browser(connection: SSOConnection, provider: OIDCProvider, **claims: Any) -> Client:
    """A browser that somebody signed in with."""
    client = Client()
    provider.sign_in(client, connection, **claims)
    assert is_in(client)
    return client


@pytest.fixture(autouse=True)
def _people(okta: SSOConnection) -> None:
    provision(okta.identity_provider, "ada", external_id="00u1")
    provision(okta.identity_provider, "bob", external_id="00u2")


def test_all_sessions_of_a_person_end_and_nobody_elses(okta: SSOConnection, provider: OIDCProvider) -> None:
    first, second = browser(okta, provider, sid="s1"), browser(okta, provider, sid="s2")
    bob = browser(okta, provider, sub="00u2", sid="s3")
    assert send(okta, logout_token(provider)) == 200
    assert [is_in(client) for client in (first, second, bob)] == [False, False, True]


def test_a_token_that_nests_without_end_is_refused_as_any_other(okta: SSOConnection) -> None:
    """Anybody can send one; what is read before the signature must not break the reader."""
    deep = base64.urlsafe_b64encode(b"[" * 11_000).decode().rstrip("=")
    for token in (f"{deep}.e30.x", f"e30.{deep}.x", deep, "..", "e30.e30.e30"):
        assert send(okta, token) == 400


def test_one_session_there_ends_the_one_here(okta: SSOConnection, provider: OIDCProvider) -> None:
    first, second = browser(okta, provider, sid="s1"), browser(okta, provider, sid="s2")
    assert send(okta, logout_token(provider, sub=None, sid="s1")) == 200
    assert [is_in(first), is_in(second)] == [False, True]


def test_a_session_that_can_not_be_told_apart_ends_with_its_person(okta: SSOConnection, provider: OIDCProvider) -> None:
    """The ID token named no session, the logout token does."""
    unnamed, other = browser(okta, provider), browser(okta, provider, sid="s2")
    assert send(okta, logout_token(provider, sid="s1")) == 200
    assert [is_in(unnamed), is_in(other)] == [False, True]


def test_another_provider_ends_nothing_here(okta: SSOConnection, provider: OIDCProvider) -> None:
    ada = browser(okta, provider, sid="s1")
    hostile = connect(make_idp("Hostile"))
    assert send(hostile, logout_token(provider, sid="s1")) == 200
    assert is_in(ada)


def test_a_token_is_taken_once(okta: SSOConnection, provider: OIDCProvider) -> None:
    """Replayed, it ends nothing that was opened since."""
    token = logout_token(provider)
    assert send(okta, token) == 200
    again = browser(okta, provider)
    assert send(okta, token) == 400
    assert is_in(again)


def test_a_token_that_ended_nothing_can_be_sent_again(
    okta: SSOConnection, provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails between the token and the sessions: neither is done."""
    monkeypatch.setattr(logout, "cache", DatabaseCache("shared_cache", {}))
    ada, token = browser(okta, provider, sid="s1"), logout_token(provider)
    with monkeypatch.context() as broken:
        broken.setattr(UserSession, "end", failing)
        assert send(okta, token) == 503
    assert is_in(ada)
    assert send(okta, token) == 200
    assert not is_in(ada)


def failing(session: UserSession) -> None:
    raise OperationalError("the database has gone away")


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"events": None},
        {"events": {"other": {}}},
        {"events": EVENT},
        {"nonce": "x"},
        {"sub": None},
        {"jti": None},
        {"iat": 1},
        {"iat": None},
        {"exp": 1},
        {"kid": "unknown"},
    ],
    ids=str,
)
def test_a_token_that_proves_nothing_is_refused(
    okta: SSOConnection, provider: OIDCProvider, wrong: dict[str, Any]
) -> None:
    ada = browser(okta, provider)
    assert send(okta, logout_token(provider, **wrong)) == 400
    assert is_in(ada)


def test_an_id_token_is_no_logout_token(okta: SSOConnection, provider: OIDCProvider) -> None:
    assert send(okta, provider.token(nonce="n", sid="s1")) == 400


def test_a_token_of_another_key_or_of_none_is_refused(okta: SSOConnection, provider: OIDCProvider) -> None:
    claims = jwt.decode(logout_token(provider), options={"verify_signature": False})
    other = new_key()
    forged = jwt.encode(claims, other, algorithm="RS256", headers={"kid": "k1"})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"})
    shared = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "k1"})
    assert [send(okta, token) for token in (forged, unsigned, shared, "", "a.b.c", "x" * 20_000)] == [400] * 6


def test_a_saml_connection_takes_no_logout_token(saml: SSOConnection, provider: OIDCProvider) -> None:
    assert send(saml, logout_token(provider)) == 400


def test_it_is_by_post_only(okta: SSOConnection) -> None:
    assert Client().get(f"/sso/{okta.slug}/backchannel-logout/").status_code == 405
