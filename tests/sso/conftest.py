"""Identity providers that can answer anything, to see what the portal makes of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from identity.models import SSOConnection
from portal.sso.outgoing import GuardedSession
from tests.factories import ISSUER, connect, make_idp
from tests.sso.idp_processes import self_signed
from tests.sso.keys import new_key
from tests.sso.saml_answers import SAMLProvider


@pytest.fixture(autouse=True)
def _browsers_come_by_the_public_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in begins at no other name."""
    environ = RequestFactory._base_environ
    host = {"HTTP_HOST": urlsplit(settings.PUBLIC_URL).netloc}
    monkeypatch.setattr(RequestFactory, "_base_environ", lambda self, **said: environ(self, **{**host, **said}))


class Answer:
    """What requests would give back."""

    status_code = 200
    headers = {"content-type": "application/json"}

    def __init__(self, body: Any) -> None:
        self.body = body
        self.text = json.dumps(body)
        self.content = self.text.encode()

    def raise_for_status(self) -> None:
        return None

    def json(self) -> Any:
        return self.body


@dataclass
class OIDCProvider:
    """Its answers by address; `key` signs its tokens."""

    key: Any = field(default_factory=new_key)
    answers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.answers = {
            f"{ISSUER}/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "userinfo_endpoint": f"{ISSUER}/userinfo",
                "end_session_endpoint": f"{ISSUER}/logout",
                "jwks_uri": f"{ISSUER}/keys",
            },
            f"{ISSUER}/keys": {"keys": [self.public_key("k1")]},
            f"{ISSUER}/userinfo": {},
        }

    @property
    def discovery(self) -> dict[str, Any]:
        document: dict[str, Any] = self.answers[f"{ISSUER}/.well-known/openid-configuration"]
        return document

    def public_key(self, kid: str) -> dict[str, Any]:
        return jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"}

    def token(self, *, kid: str | None = "k1", **claims: Any) -> str:
        """A signed token; None takes a claim away."""
        now = int(time.time())
        whole = {"iss": ISSUER, "aud": "gatehouse", "iat": now, "exp": now + 60, "sub": "00u1", **claims}
        said = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(said, self.key, algorithm="RS256", headers={"kid": kid} if kid else {})

    def sign_in(self, client: Client, connection: SSOConnection, query: str = "", **claims: Any) -> Any:
        """From the button to what the portal answers to a token with these claims."""
        leaving = leave(client, connection, query)
        return leaving.comes_back(self, self.token(nonce=leaving.wishes["nonce"], **claims))


@dataclass
class Leaving:
    """A browser on its way to the provider: what the address it was sent to says."""

    client: Client
    connection: SSOConnection
    wishes: dict[str, str]

    def comes_back(self, provider: OIDCProvider, id_token: str | None, **query: str) -> Any:
        tokens = {"access_token": "at", "token_type": "Bearer", "id_token": id_token}
        provider.answers[f"{ISSUER}/token"] = {name: value for name, value in tokens.items() if value}
        answer = {"code": "c", "state": self.wishes["state"], **query}
        return self.client.get(f"/sso/{self.connection.slug}/callback/", answer)


def leave(client: Client, connection: SSOConnection, query: str = "") -> Leaving:
    """Press the button of the sign-in page."""
    there = client.get(f"/sso/{connection.slug}/{query}")["Location"]
    wishes = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    return Leaving(client, connection, wishes)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> OIDCProvider:
    """A provider that the portal reaches without a network."""
    provider = OIDCProvider()
    monkeypatch.setattr(GuardedSession, "get", lambda self, url, **kwargs: Answer(provider.answers[url]))
    monkeypatch.setattr(GuardedSession, "request", lambda self, method, url, **kwargs: Answer(provider.answers[url]))
    return provider


@pytest.fixture
def okta(provider: OIDCProvider) -> SSOConnection:
    """Its connection."""
    return connect(make_idp("Okta", kind="okta"))


@pytest.fixture
def saml_provider(tmp_path: Path) -> SAMLProvider:
    """A provider with a key of its own."""
    key, certificate = self_signed(tmp_path)
    return SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8"))


@pytest.fixture
def saml(saml_provider: SAMLProvider) -> SSOConnection:
    """Its connection."""
    return connect("SAML", "saml", **saml_provider.settings)
