"""A portal that is reached by another allowed name than PUBLIC_URL says so before the round trip."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from identity.models import SSOConnection
from tests.portal.admin_pages import text_of
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db

PUBLIC = "https://portal.example.com"


@pytest.fixture(autouse=True)
def _names(settings: Any) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["portal.example.com", "portal.corp.example", "10.0.0.7", "localhost"]


@pytest.fixture(params=["oidc", "saml"])
def connection(request: Any, provider: OIDCProvider) -> SSOConnection:
    found: SSOConnection = request.getfixturevalue("okta" if request.param == "oidc" else "saml")
    return found


@pytest.mark.parametrize("host", ["portal.corp.example", "10.0.0.7:8000", "localhost", "portal.example.com:8443"])
@pytest.mark.parametrize("query", ["", "?again&next=/profile/"])
def test_another_name_is_told_before_anything_begins(
    client: Client, connection: SSOConnection, host: str, query: str
) -> None:
    page = client.get(f"/sso/{connection.slug}/{query}", HTTP_HOST=host)
    assert page.status_code == 400
    assert f"You reached this portal as {host}." in text_of(page)
    assert not client.session.keys()
    link = re.search(r'gh-button-primary" href="([^"]+)"', page.content.decode())
    assert link is not None
    there = urlsplit(unescape(link[1]))
    assert f"{there.scheme}://{there.netloc}" == PUBLIC
    assert parse_qs(there.query, keep_blank_values=True) == {
        **parse_qs(query.lstrip("?"), keep_blank_values=True),
        "told": ["1"],
    }
    begun = client.get(f"{there.path}?{there.query}", HTTP_HOST="portal.example.com")
    assert (begun.status_code, begun["Location"].partition("/")[0]) == (302, "https:")


@pytest.mark.parametrize("host", ["portal.example.com", "PORTAL.example.com", "portal.example.com:443"])
def test_the_public_name_is_known_however_it_is_written(client: Client, connection: SSOConnection, host: str) -> None:
    assert client.get(f"/sso/{connection.slug}/", HTTP_HOST=host).status_code == 302


def test_behind_a_proxy_that_writes_its_own_name_sign_in_works(client: Client, connection: SSOConnection) -> None:
    """The browser is at PUBLIC_URL, as the page that it comes from shows."""
    headers = {"HTTP_HOST": "10.0.0.7:8000", "HTTP_REFERER": f"{PUBLIC}/login/"}
    assert client.get(f"/sso/{connection.slug}/", **headers).status_code == 302
    headers["HTTP_REFERER"] = "https://portal.corp.example/login/"
    assert client.get(f"/sso/{connection.slug}/", **headers).status_code == 400
    assert client.get(f"/sso/{connection.slug}/?told=1", HTTP_HOST="10.0.0.7:8000").status_code == 302
