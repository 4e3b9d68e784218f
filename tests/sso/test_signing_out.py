"""Signing out offers to sign out at the identity provider as well, where that has a page to be trusted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from requests.exceptions import ConnectionError

from identity.models import SSOConnection
from identity.services import sso_connections
from portal.project.shared_cache import cache
from portal.sso.outgoing import GuardedSession
from tests.factories import OPERATOR, provision
from tests.portal.admin_pages import text_of
from tests.sessions import is_in
from tests.sso.conftest import OIDCProvider, leave
from tests.sso.saml_answers import SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client, okta: SSOConnection, provider: OIDCProvider) -> Client:
    """A browser in which somebody signed in through Okta; what Okta publishes is asked for again."""
    provision(okta.identity_provider, "ada", external_id="00u1")
    leaving = leave(client, okta)
    leaving.comes_back(provider, provider.token(nonce=leaving.wishes["nonce"]))
    assert is_in(client)
    cache.clear()
    return client


def is_offered_the_page(client: Client) -> bool:
    """Whoever signs out, which works in any case."""
    page = text_of(client.post("/logout/", follow=True))
    assert not is_in(client)
    assert "You have signed out" in page
    return " as well" in page


def test_whoever_came_through_a_provider_is_offered_its_page(ada: Client) -> None:
    assert is_offered_the_page(ada)


@pytest.mark.parametrize("end_session", [None, "http://okta.example/logout", "javascript:alert(1)", 7], ids=str)
def test_a_page_that_is_none_or_without_tls_is_not_offered(
    ada: Client, provider: OIDCProvider, end_session: Any
) -> None:
    """SR-43. The address may carry the ID token."""
    provider.discovery["end_session_endpoint"] = end_session
    assert not is_offered_the_page(ada)


def test_a_provider_that_is_away_keeps_nobody_in(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("no route")

    monkeypatch.setattr(GuardedSession, "get", unreachable)
    assert not is_offered_the_page(ada)


def test_nor_does_one_whose_connection_is_gone(ada: Client, okta: SSOConnection) -> None:
    sso_connections.delete_connection(okta, actor=OPERATOR)
    assert not is_offered_the_page(ada)


def test_a_session_of_before_id_tokens_were_kept_is_offered_it_too(ada: Client) -> None:
    session = ada.session
    del session["id_token"]
    session.save()
    assert is_offered_the_page(ada)


def test_saml_knows_no_such_page_here(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    """Single logout is not announced: its requests would come unsigned through browsers."""
    provision(saml.identity_provider, "ada", external_id="ext-1")
    answer = encoded(saml_provider.good(saml, request_id(client, saml)))
    client.get(client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": answer})["Location"])
    assert is_in(client)
    assert not is_offered_the_page(client)
