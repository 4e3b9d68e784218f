"""A browser, a live portal and real identity providers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from identity.models import IdentityProvider, SSOConnection
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from tests.factories import OPERATOR, connect, make_idp
from tests.processes import held_port
from tests.sso.idp_processes import CLIENT_SECRET, IdP, require_installed, running, self_signed


@pytest.fixture
def page(blank_page: Page) -> Iterator[Page]:
    """A browser of a person who was never here; identity providers may be visited as well."""
    page = blank_page
    blocked: list[str] = []
    page.on("console", lambda message: "Content Security Policy" in message.text and blocked.append(message.text))
    yield page
    assert blocked == []


@pytest.fixture
def _idps_installed() -> None:
    require_installed()


@pytest.fixture
def internal(settings: Any, live_server: LiveServer) -> Any:
    """The portal's settings for identity providers on loopback."""
    settings.PUBLIC_URL = live_server.url
    settings.SSO_INTERNAL_ORIGINS = []
    return settings


@contextmanager
def running_oidc(internal: Any, portal_url: str, folder: Path, provider: IdentityProvider) -> Iterator[Running]:
    """An identity provider that speaks OpenID Connect, and its connection."""
    folder.mkdir(exist_ok=True)
    with held_port() as port:
        internal.SSO_INTERNAL_ORIGINS.append(port.origin)
        ours = {"client_id": "gatehouse", "client_secret": CLIENT_SECRET, "groups_claim": "groups"}
        connection = connect(provider, "oidc", issuer=port.origin, **ours)
        here = f"{portal_url}/sso/{connection.slug}"
        addresses = {
            "REDIRECT_URI": f"{here}/callback/",
            "POST_LOGOUT_URI": f"{portal_url}/login/",
            "BACKCHANNEL_URI": f"{here}/backchannel-logout/",
        }
        with running("oidc.mjs", port, folder, **addresses) as idp:
            yield Running(idp, connection)


@pytest.fixture
def oidc(_idps_installed: None, internal: Any, live_server: LiveServer, tmp_path: Path) -> Iterator[Running]:
    """Okta, as the portal knows it."""
    provider = make_idp("Okta", kind="okta")
    with running_oidc(internal, live_server.url, tmp_path / "okta", provider) as running:
        yield running


@pytest.fixture
def hostile(_idps_installed: None, internal: Any, live_server: LiveServer, tmp_path: Path) -> Iterator[Running]:
    """A second identity provider, whose administrators say whatever they like of anybody."""
    with running_oidc(internal, live_server.url, tmp_path / "hostile", make_idp("Hostile")) as running:
        yield running


@pytest.fixture
def saml(_idps_installed: None, internal: Any, live_server: LiveServer, tmp_path: Path) -> Iterator[Running]:
    """An identity provider that speaks SAML, and its connection."""
    key, certificate = self_signed(tmp_path)
    with held_port() as port:
        internal.SSO_INTERNAL_ORIGINS.append(port.origin)
        connection = connect(
            make_idp("Corporate SAML"),
            "saml",
            entity_id=f"{port.origin}/metadata",
            sso_url=f"{port.origin}/sso",
            certificate=certificate.read_text(encoding="utf-8"),
            groups_claim="groups",
        )
        acs = f"{live_server.url}/sso/{connection.slug}/acs/"
        with running("saml.mjs", port, tmp_path, ACS_URL=acs, KEY=str(key), CERT=str(certificate)) as idp:
            yield Running(idp, connection)


class Running:
    """A running identity provider with the portal's connection to it."""

    def __init__(self, idp: IdP, connection: SSOConnection) -> None:
        self.idp, self.connection = idp, connection
        self.provider = connection.identity_provider
        self.button = f"Sign in with {self.provider}"

    def sign_in(self, page: Page, login: str, *, at: str = "/login/") -> None:
        """Through the button, the provider's login page, and back."""
        page.goto(at)
        page.get_by_role("link", name=self.button, exact=True).click()
        page.get_by_label("Login").fill(login)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()

    def allow_just_in_time(self, **said: Any) -> None:
        """What an administrator ticks on the connection's page."""
        names = ("issuer", "client_id", "entity_id", "sso_url", "certificate", "groups_claim")
        kept = {name: getattr(self.connection, name) for name in names}
        settings = ConnectionSettings(**kept, creates_users=True, allowed_domains="example.test", **said)
        sso_connections.edit_connection(self.connection, said=settings, actor=OPERATOR)
