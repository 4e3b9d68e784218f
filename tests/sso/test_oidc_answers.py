"""Wrong, late, stolen and hostile answers of an OpenID Connect provider (SR-3, SR-5; RFC 9700, OIDC Core 3.1.3.7)."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.test import Client
from requests.exceptions import ConnectionError

from identity.models import IdentityProvider, SSOConnection, SSOIdentity
from identity.services import sso_connections
from portal.sso.outgoing import GuardedSession
from tests.factories import ISSUER, OPERATOR, connect, make_idp, make_owner, make_user, provision, set_mode
from tests.sessions import is_in
from tests.sso.conftest import OIDCProvider, leave
from tests.sso.keys import new_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ada(okta: SSOConnection) -> None:
    provision(okta.identity_provider, "ada", external_id="00u1")


def test_the_way_there_carries_state_nonce_and_pkce_and_our_own_address(client: Client, okta: SSOConnection) -> None:
    query = "told=1&next=https://evil.example/"  # told: of a name that is not PUBLIC_URL's (test_other_names.py)
    there = client.get(f"/sso/{okta.slug}/?{query}", headers={"Host": "localhost"})["Location"]
    wishes = parse_qs(urlsplit(there).query)
    assert there.startswith(f"{ISSUER}/authorize?")
    assert {"state", "nonce", "code_challenge"} < wishes.keys()
    assert wishes["code_challenge_method"] == ["S256"]
    assert wishes["redirect_uri"] == [f"{portal_settings.PUBLIC_URL}/sso/{okta.slug}/callback/"]
    assert "evil" not in there


@pytest.mark.parametrize(
    ("asked", "landed"),
    [
        (f"{portal_settings.PUBLIC_URL}/profile/?tab=groups", f"{portal_settings.PUBLIC_URL}/profile/?tab=groups"),
        ("/profile/?tab=groups", "/profile/?tab=groups"),
        ("https://evil.example/", "/profile/"),
        ("//evil.example/", "/profile/"),
        ("https:evil.example", "/profile/"),
        ("/\\evil.example/", "/profile/"),
        ("javascript:alert(1)", "/profile/"),
        ("/admin/", "/profile/"),
    ],
)
@pytest.mark.parametrize("parameter", ["next", "target_link_uri"])
def test_only_own_pages_are_landed_on(
    client: Client, okta: SSOConnection, provider: OIDCProvider, parameter: str, asked: str, landed: str
) -> None:
    """SR-31. A member is not sent to the admin pages."""
    assert provider.sign_in(client, okta, f"?{urlencode({parameter: asked})}")["Location"] == landed


@pytest.mark.parametrize(
    "said", [{}, {"aud": ["gatehouse"]}, {"aud": ["gatehouse", "another-client"], "azp": "gatehouse"}], ids=str
)
def test_a_good_answer_lets_in_once(
    client: Client, okta: SSOConnection, provider: OIDCProvider, said: dict[str, Any]
) -> None:
    leaving = leave(client, okta)
    token = provider.token(nonce=leaving.wishes["nonce"], **said)
    assert leaving.comes_back(provider, token)["Location"] == "/profile/"
    client.post("/logout/")
    assert leaving.comes_back(provider, token).status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": ["gatehouse", "another-client"]},
        {"azp": "another-client"},
        {"exp": 1},
        {"exp": None},
        {"iat": "in an hour"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": "saml:00u1"},
        {"kid": "unknown"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_lets_nobody_in(
    client: Client, okta: SSOConnection, provider: OIDCProvider, wrong: dict[str, Any]
) -> None:
    leaving = leave(client, okta)
    claims = {"nonce": leaving.wishes["nonce"], **wrong}
    if claims.get("iat") == "in an hour":
        claims["iat"] = int(time.time()) + 3600
    try:
        token = provider.token(**claims)
    except TypeError:  # PyJWT itself refuses to sign a number as the subject
        token = jwt.encode({"sub": "x"}, provider.key, algorithm="RS256")
    assert leaving.comes_back(provider, token).status_code == 403
    assert not SSOIdentity.objects.exists()


def test_who_is_refused_is_told_whom_to_ask(
    client: Client, okta: SSOConnection, provider: OIDCProvider, settings: Any
) -> None:
    settings.SUPPORT_CONTACT = "it-help@example.test"
    page = provider.sign_in(client, okta, sub="stranger").content.decode()
    assert "Okta has not sent you to this portal yet" in page
    assert 'href="mailto:it-help@example.test"' in page


def test_why_it_did_not_work_is_for_administrators_and_the_log(
    client: Client, okta: SSOConnection, provider: OIDCProvider, caplog: pytest.LogCaptureFixture
) -> None:
    leaving = leave(client, okta)
    token = provider.token(nonce=leaving.wishes["nonce"], aud="another-client")
    page = leaving.comes_back(provider, token).content.decode()
    told = "The token is for another audience: expected gatehouse, received another-client."
    assert told not in page
    assert told in caplog.text
    assert token not in caplog.text
    client.force_login(make_owner())
    page = provider.sign_in(client, okta, aud="x").content.decode()
    assert "The cause: The token is for another audience: expected gatehouse, received x." in page


def test_a_provider_that_is_away_is_named_as_such(client: Client, okta: SSOConnection, monkeypatch: Any) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no route")

    cache.clear()
    monkeypatch.setattr(GuardedSession, "get", away)
    page = client.get(f"/sso/{okta.slug}/").content.decode()
    assert "Okta can&#x27;t be reached right now" in page


def test_no_id_token_lets_nobody_in(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    provider.answers[f"{ISSUER}/userinfo"] = {"sub": "00u1"}
    assert leave(client, okta).comes_back(provider, None).status_code == 403


def test_an_id_token_signed_by_nobody_or_with_a_public_key_lets_nobody_in(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    """`alg` none, HMAC with the public key or the client secret as its key, and another key of the same name."""
    public = provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    other = new_key()
    forgeries: list[Callable[[dict[str, Any]], str]] = [
        lambda claims: jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"}),
        lambda claims: hmac_token(claims, public),
        lambda claims: hmac_token(claims, b"s"),
        lambda claims: jwt.encode(claims, other, algorithm="RS256", headers={"kid": "k1"}),
    ]
    for forge in forgeries:
        leaving = leave(client, okta)
        claims = jwt.decode(provider.token(nonce=leaving.wishes["nonce"]), options={"verify_signature": False})
        assert leaving.comes_back(provider, forge(claims)).status_code == 403
    assert not SSOIdentity.objects.exists()


def hmac_token(claims: dict[str, Any], key: bytes) -> str:
    """By hand: PyJWT itself refuses to sign with a public key."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": "k1"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")
    return f"{signed.decode()}.{signature.decode()}"


def test_a_minute_of_clock_skew_is_forgiven(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    """SR-42."""
    leaving = leave(client, okta)
    now = int(time.time())
    token = provider.token(nonce=leaving.wishes["nonce"], iat=now + 30, exp=now - 30)
    assert leaving.comes_back(provider, token).status_code == 302


@pytest.mark.parametrize("moved", [{"exp": -75}, {"iat": 75, "exp": 600}, {"nbf": 75}])
def test_more_than_a_minute_of_clock_skew_is_refused(
    client: Client, okta: SSOConnection, provider: OIDCProvider, moved: dict[str, int]
) -> None:
    """SR-42."""
    leaving = leave(client, okta)
    now = int(time.time())
    token = provider.token(nonce=leaving.wishes["nonce"], **{claim: now + seconds for claim, seconds in moved.items()})
    assert leaving.comes_back(provider, token).status_code == 403
    assert not is_in(client)


def test_a_new_key_of_the_provider_is_fetched_when_it_is_first_used(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    provider.sign_in(client, okta)
    client.post("/logout/")
    provider.key = new_key()
    provider.answers[f"{ISSUER}/keys"] = {"keys": [provider.public_key("k2")]}
    leaving = leave(client, okta)
    token = provider.token(kid="k2", nonce=leaving.wishes["nonce"])
    assert leaving.comes_back(provider, token).status_code == 302


def test_a_token_without_a_key_id_is_checked_with_the_only_key(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    leaving = leave(client, okta)
    assert leaving.comes_back(provider, provider.token(kid=None, nonce=leaving.wishes["nonce"])).status_code == 302


def test_userinfo_of_somebody_else_is_refused(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    provider.answers[f"{ISSUER}/userinfo"] = {"sub": "00u2", "email": "ada@example.test"}
    page = provider.sign_in(client, okta)
    assert "not about the same person" in page.content.decode()


def test_a_provider_without_userinfo_will_do(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    del provider.discovery["userinfo_endpoint"]
    assert provider.sign_in(client, okta).status_code == 302


def test_an_answer_that_nobody_asked_for_is_refused(client: Client, okta: SSOConnection) -> None:
    """Sign-in forced on a browser (login CSRF): the state is not this browser's."""
    answer = client.get(f"/sso/{okta.slug}/callback/?code=stolen&state=forged")
    assert answer.status_code == 403
    theirs = leave(Client(), okta)
    answer = client.get(f"/sso/{okta.slug}/callback/", {"code": "theirs", "state": theirs.wishes["state"]})
    assert answer.status_code == 403
    assert not is_in(client)


def test_a_state_of_another_connection_is_refused(client: Client, okta: SSOConnection) -> None:
    other = connect(make_idp("Two"))
    state = leave(client, okta).wishes["state"]
    assert client.get(f"/sso/{other.slug}/callback/?code=x&state={state}").status_code == 403


def test_an_answer_that_names_another_issuer_is_refused(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    """Mix-up (RFC 9207): a hostile provider passes on the answer of an honest one, or the other way round."""
    leaving = leave(client, okta)
    token = provider.token(nonce=leaving.wishes["nonce"])
    assert leaving.comes_back(provider, token, iss="https://evil.example").status_code == 403
    assert leaving.comes_back(provider, token, iss=ISSUER).status_code == 302


def test_a_provider_that_promises_to_name_itself_must(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    provider.discovery["authorization_response_iss_parameter_supported"] = True
    assert provider.sign_in(client, okta).status_code == 403


@pytest.mark.parametrize("broken", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("answer", [None, [], "text", {"keys": "none"}, {"keys": [7, {"kid": "k1"}]}], ids=str)
def test_nonsense_of_a_provider_is_a_page_and_no_server_error(
    client: Client, okta: SSOConnection, provider: OIDCProvider, broken: str, answer: Any
) -> None:
    leaving = leave(client, okta)
    token = provider.token(nonce=leaving.wishes["nonce"])
    provider.answers[f"{ISSUER}{broken}"] = answer
    query = {"code": "c", "state": leaving.wishes["state"]}
    if broken != "/token":
        provider.answers[f"{ISSUER}/token"] = {"access_token": "at", "id_token": token}
    assert client.get(f"/sso/{okta.slug}/callback/", query).status_code in {302, 403}
    assert not SSOIdentity.objects.exists() or broken == "/userinfo"


def test_a_connection_that_is_off_is_not_there(client: Client, okta: SSOConnection) -> None:
    sso_connections.set_connection_enabled(okta, False, actor=OPERATOR)
    assert client.get(f"/sso/{okta.slug}/").status_code == 404
    assert okta.identity_provider.name not in client.get("/login/").content.decode()


def test_a_connection_switched_off_during_the_round_trip_lets_nobody_in(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    leaving = leave(client, okta)
    sso_connections.set_connection_enabled(okta, False, actor=OPERATOR)
    assert leaving.comes_back(provider, provider.token(nonce=leaving.wishes["nonce"])).status_code == 403
    assert not is_in(client)


def test_the_other_protocols_addresses_are_not_there(client: Client, okta: SSOConnection, saml: SSOConnection) -> None:
    assert client.post(f"/sso/{okta.slug}/acs/", {"SAMLResponse": "x"}).status_code == 404
    assert client.get(f"/sso/{okta.slug}/acs/finish/").status_code == 404
    assert client.get(f"/sso/{okta.slug}/metadata/").status_code == 404
    assert client.get(f"/sso/{saml.slug}/callback/?code=x&state=y").status_code == 404


def test_the_end_of_a_test_shows_claims_to_administrators_only(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    page = f"/admin/identity/ssoconnection/{okta.pk}/test/"
    client.force_login(make_user("mia"))
    answer = provider.sign_in(client, okta, f"?next={page}")
    assert answer["Location"] == "/login/"
    assert client.get(page).status_code in {302, 403}
    assert not SSOIdentity.objects.exists()


# --- a fresh sign-in (SR-11) ---


def test_being_vouched_for_is_not_a_fresh_sign_in_when_the_provider_says_it_was_hours_ago(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    owner = make_owner()
    SSOIdentity.objects.create(identity_provider=okta.identity_provider, subject="00u7", user=owner)
    cache.clear()
    hours_ago = int(time.time()) - 3 * 3600
    sensitive = f"/admin/identity/ssoconnection/{okta.pk}/edit/"
    set_mode(scim=False)
    provider.sign_in(client, okta, sub="00u7", auth_time=hours_ago)
    assert client.get(sensitive)["Location"].startswith("/confirm-password/")
    leaving = leave(client, okta, f"?again&next={sensitive}")
    assert (leaving.wishes["prompt"], leaving.wishes["max_age"]) == ("login", "0")
    leaving.comes_back(provider, provider.token(nonce=leaving.wishes["nonce"], sub="00u7", auth_time=hours_ago))
    assert client.get(sensitive)["Location"].startswith("/confirm-password/")
    leaving = leave(client, okta, f"?again&next={sensitive}")
    answer = leaving.comes_back(
        provider, provider.token(nonce=leaving.wishes["nonce"], sub="00u7", auth_time=int(time.time()))
    )
    assert answer["Location"] == sensitive
    assert client.get(sensitive).status_code == 200


def test_google_is_asked_in_the_only_way_that_it_knows(client: Client, provider: OIDCProvider) -> None:
    google = connect(make_idp("Google", kind="google"))
    wishes = leave(client, google, "?again").wishes
    assert (wishes["prompt"], wishes.get("max_age")) == ("select_account", None)


# --- signing out there as well ---


@pytest.mark.parametrize(
    ("kind", "claims", "said"),
    [
        ("other", {}, {}),
        ("other", {"groups": [f"group {number}" for number in range(300)]}, {}),
        ("other", {"sid": "s-1"}, {"logout_hint": ["s-1"]}),
        ("entra", {"sid": "s-1", "login_hint": "O.abc"}, {"logout_hint": ["O.abc"]}),
        ("okta", {}, {"id_token_hint": True}),
        ("okta", {"groups": [f"group {number}" for number in range(300)], "sid": "s-1"}, {"logout_hint": ["s-1"]}),
    ],
)
def test_signing_out_names_the_client_and_where_to_come_back_to(
    client: Client, okta: SSOConnection, provider: OIDCProvider, kind: str, claims: Any, said: dict[str, Any]
) -> None:
    """RP-initiated logout 1.0, with the ID token only for Okta, which insists on it, and never a long one."""
    IdentityProvider.objects.update(kind=kind)
    leaving = leave(client, okta)
    token = provider.token(nonce=leaving.wishes["nonce"], **claims)
    leaving.comes_back(provider, token)
    assert token not in str(dict(client.session))
    page = client.post("/logout/").content.decode().replace("&amp;", "&")
    address = page.partition(f'href="{ISSUER}/logout?')[2].partition('"')[0]
    assert len(address) < 2000
    assert parse_qs(address) == {
        "client_id": ["gatehouse"],
        "post_logout_redirect_uri": [f"{portal_settings.PUBLIC_URL}/login/"],
        **{name: [token] if value is True else value for name, value in said.items()},
    }


def test_a_page_to_sign_out_may_have_a_query_of_its_own(
    client: Client, okta: SSOConnection, provider: OIDCProvider
) -> None:
    IdentityProvider.objects.update(kind="other")
    provider.discovery["end_session_endpoint"] = f"{ISSUER}/logout?policy=b2c"
    provider.sign_in(client, okta)
    assert f'href="{ISSUER}/logout?policy=b2c&amp;client_id=gatehouse&amp;' in client.post("/logout/").content.decode()
