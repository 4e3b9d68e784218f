"""Wrong, late and hostile answers of an identity provider, and where the portal itself calls (SR-31, SR-43)."""

from __future__ import annotations

import base64
import socket
import time
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from requests.exceptions import RequestException

from identity.models import SSOConnection, SSOIdentity
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.sso import outgoing
from portal.sso.claims import oidc_assertion
from portal.sso.discovery import discover
from portal.sso.logout import EVENT
from portal.sso.outgoing import GuardedSession, public_address
from tests.factories import OPERATOR, make_idp, make_user, provision
from tests.sso.idp_processes import self_signed

pytestmark = pytest.mark.django_db

ISSUER = "https://okta.example"
DISCOVERY = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/keys",
}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Answer:
    """What requests would give back."""

    status_code = 200

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def raise_for_status(self) -> None:
        return None

    def json(self) -> dict[str, Any]:
        return self.body


@pytest.fixture
def okta(monkeypatch: pytest.MonkeyPatch) -> SSOConnection:
    """A connection whose provider answers its discovery document and keys."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "k1", "alg": "RS256"}
    answers = {f"{ISSUER}/.well-known/openid-configuration": DISCOVERY, f"{ISSUER}/keys": {"keys": [public]}}
    monkeypatch.setattr(GuardedSession, "get", lambda self, url, **kwargs: Answer(answers[url]))
    said = ConnectionSettings(issuer=ISSUER, client_id="gatehouse", client_secret="s")
    connection = sso_connections.create_connection(make_idp("Okta"), protocol="oidc", said=said, actor=OPERATOR)
    return sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)


# --- the way there and back ---


def test_the_way_there_carries_state_and_pkce_and_our_own_address(client: Client, okta: SSOConnection) -> None:
    there = client.get(f"/sso/{okta.slug}/?next=https://evil.example/", headers={"Host": "localhost"})["Location"]
    assert there.startswith(f"{ISSUER}/authorize?")
    assert "state=" in there
    assert "code_challenge_method=S256" in there
    assert f"redirect_uri={quote(settings.PUBLIC_URL, safe='')}%2Fsso" in there
    assert "evil" not in there


def test_an_answer_that_nobody_asked_for_is_refused(client: Client, okta: SSOConnection) -> None:
    answer = client.get(f"/sso/{okta.slug}/callback/?code=stolen&state=forged")
    assert answer.status_code == 403
    assert "_auth_user_id" not in client.session


def test_a_state_of_another_connection_is_refused(client: Client, okta: SSOConnection) -> None:
    said = ConnectionSettings(issuer=ISSUER, client_id="x", client_secret="y")
    other = sso_connections.create_connection(make_idp("Two"), protocol="oidc", said=said, actor=OPERATOR)
    there = client.get(f"/sso/{okta.slug}/")["Location"]
    state = there.partition("state=")[2].partition("&")[0]
    assert client.get(f"/sso/{other.slug}/callback/?code=x&state={state}").status_code == 403


def test_a_connection_that_is_off_is_not_there(client: Client, okta: SSOConnection) -> None:
    sso_connections.set_connection_enabled(okta, False, actor=OPERATOR)
    assert client.get(f"/sso/{okta.slug}/").status_code == 404
    assert okta.identity_provider.name not in client.get("/login/").content.decode()


def test_userinfo_of_somebody_else_is_refused() -> None:
    with pytest.raises(Exception, match="not about the same person"):
        oidc_assertion({"id_token": {"sub": "a"}, "userinfo": {"sub": "b"}})
    with pytest.raises(Exception, match="not about the same person"):
        oidc_assertion({"userinfo": {"sub": "b"}})


# --- SAML ---


@pytest.fixture
def saml(tmp_path: Any) -> SSOConnection:
    _, certificate = self_signed(tmp_path)
    said = ConnectionSettings(
        entity_id="https://saml.example/metadata",
        sso_url="https://saml.example/sso",
        certificate=certificate.read_text(),
    )
    connection = sso_connections.create_connection(make_idp("SAML"), protocol="saml", said=said, actor=OPERATOR)
    return sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)


@pytest.mark.parametrize("response", ["", "not base64!", base64.b64encode(b"<x/>").decode(), "A" * 5000])
def test_an_unsigned_or_broken_saml_response_opens_nothing(client: Client, saml: SSOConnection, response: str) -> None:
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": response}, follow=True)
    assert answer.status_code == 403
    assert not SSOIdentity.objects.exists()


def test_a_huge_saml_response_is_not_even_kept(client: Client, saml: SSOConnection) -> None:
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": "A" * 300_000})
    assert answer.status_code == 403
    assert not Session.objects.exists()


def test_saml_metadata_names_our_address_and_no_single_logout(client: Client, saml: SSOConnection) -> None:
    text = client.get(f"/sso/{saml.slug}/metadata/").content.decode()
    assert f"/sso/{saml.slug}/acs/" in text
    assert "SingleLogoutService" not in text
    assert client.get(f"/sso/{saml.slug}/sls/").status_code == 404


# --- back-channel logout ---


def logout_token(**claims: Any) -> str:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": "gatehouse",
        "iat": now,
        "exp": now + 60,
        "jti": str(time.monotonic_ns()),
        "events": {EVENT: {}},
        "sub": "00u1",
    }
    said = {name: value for name, value in {**whole, **claims}.items() if value is not None}
    return jwt.encode(said, KEY, algorithm="RS256", headers={"kid": "k1"})


def send(okta: SSOConnection, token: str) -> int:
    return Client().post(f"/sso/{okta.slug}/backchannel-logout/", {"logout_token": token}).status_code


def test_a_good_logout_token_is_taken_once(okta: SSOConnection) -> None:
    token = logout_token()
    assert (send(okta, token), send(okta, token)) == (200, 400)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"events": None},
        {"events": {"other": {}}},
        {"nonce": "x"},
        {"sub": None},
        {"jti": None},
        {"iat": 1},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_logout_token_that_proves_nothing_is_refused(okta: SSOConnection, wrong: dict[str, Any]) -> None:
    assert send(okta, logout_token(**wrong)) == 400


def test_a_logout_token_of_another_key_or_of_none_is_refused(okta: SSOConnection) -> None:
    claims = jwt.decode(logout_token(), options={"verify_signature": False})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode(claims, other, algorithm="RS256", headers={"kid": "k1"})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "k1"})
    shared = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "k1"})
    assert [send(okta, token) for token in (forged, unsigned, shared, "", "a.b.c")] == [400] * 5


# --- where the portal calls ---


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
    ],
)
def test_private_addresses_are_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(RequestException):
        public_address("idp.example", 443)
    with GuardedSession() as session, pytest.raises(RequestException):
        session.get("https://idp.example/.well-known/openid-configuration")


def test_plain_http_is_not_called_unless_the_operator_named_it() -> None:
    with GuardedSession() as session, pytest.raises(RequestException):
        session.get("http://idp.example/")


def test_redirects_are_not_followed_and_answers_are_bounded(
    settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SSO_INTERNAL_ORIGINS = [live_server.url]
    with GuardedSession() as session:
        assert session.get(f"{live_server.url}/").status_code == 302
        monkeypatch.setattr(outgoing, "MOST_BYTES", 10)
        with pytest.raises(outgoing.TooLarge):
            session.get(f"{live_server.url}/login/")


def test_a_discovery_document_of_another_issuer_is_refused(
    okta: SSOConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setattr(
        GuardedSession, "get", lambda self, url: Answer({**DISCOVERY, "issuer": "https://evil.example"})
    )
    with pytest.raises(RequestException):
        discover(okta)


def test_a_stolen_session_of_a_test_is_no_sign_in(client: Client, okta: SSOConnection) -> None:
    """Coming back to the test page shows claims to administrators only, and signs nobody in."""
    provision(okta.identity_provider, "ada", external_id="00u1")
    client.force_login(make_user("mia"))
    assert client.get(f"/admin/identity/ssoconnection/{okta.pk}/test/").status_code in {302, 403}
