"""What standards leave open and providers do differently, each through a whole sign-in over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.test import Client

from identity.core.errors import InvalidValue
from identity.models import SSOConnection, SSOIdentity, User
from portal.project.shared_cache import cache
from portal.sso import kept
from portal.sso.outgoing import with_query
from tests import clock
from tests.factories import connect, make_idp, make_owner, provision, set_mode
from tests.sessions import is_in
from tests.sso.loopback_oidc import CLIENT_ID, CLIENT_SECRET, Loopback, public_key, serving

pytestmark = pytest.mark.django_db

ORIGIN = "https://idp.example"
PLAIN = {
    "issuer": ORIGIN,
    "authorization_endpoint": f"{ORIGIN}/authorize",
    "token_endpoint": f"{ORIGIN}/token",
    "userinfo_endpoint": f"{ORIGIN}/userinfo",
    "end_session_endpoint": f"{ORIGIN}/logout",
    "jwks_uri": f"{ORIGIN}/keys",
}


@pytest.fixture
def provider(settings: Any) -> Iterator[Loopback]:
    with serving(dict(PLAIN), ORIGIN, id_token={"sub": "00u1"}, userinfo={"sub": "00u1"}) as provider:
        settings.SSO_INTERNAL_ORIGINS = [provider.origin]
        yield provider


def connected(provider: Loopback, issuer: str = "", **said: Any) -> SSOConnection:
    settings = {"issuer": issuer or provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **said}
    connection = connect(make_idp("IdP"), **settings)
    provision(connection.identity_provider, "ada", external_id=provider.id_token["sub"])
    return connection


def comes_in(provider: Loopback, connection: SSOConnection) -> bool:
    client = Client()
    provider.sign_in(client, connection)
    return is_in(client)


# --- issuers ---


@pytest.mark.parametrize("told", ["", "/", "/realms/a", "/application/o/gatehouse/"])
@pytest.mark.parametrize("entered", ["", "/", "/.well-known/openid-configuration"])
def test_a_slash_at_the_end_of_an_issuer_is_no_other_issuer(provider: Loopback, told: str, entered: str) -> None:
    """authentik's and Auth0's end with one; tokens then carry it exactly as the document does."""
    provider.discovery["issuer"] = f"{ORIGIN}{told}"
    connection = connected(provider, f"{provider.origin}{told.rstrip('/')}{entered}")
    assert comes_in(provider, connection)
    assert not any("//" in path for path in provider.asked)


@pytest.mark.parametrize("named", ["", "/", "/other", "/realms/A"])
def test_tokens_name_the_issuer_as_its_document_does(provider: Loopback, named: str) -> None:
    provider.discovery["issuer"] = f"{ORIGIN}/realms/a/"
    provider.id_token["iss"] = f"{provider.origin}{named}"
    assert not comes_in(provider, connected(provider))
    assert not SSOIdentity.objects.exists()


def test_a_document_of_another_issuer_is_refused_with_both_names(provider: Loopback, client: Client) -> None:
    connection = connected(provider, f"{provider.origin}/")
    provider.discovery["issuer"] = "https://another.example"
    client.force_login(make_owner())
    provider.get = lambda path: (200, provider.document)  # type: ignore[method-assign]
    page = client.get(f"/sso/{connection.slug}/")
    assert page.status_code == 403
    assert f"expected {provider.origin}, received https://another.example." in page.content.decode()


# --- discovery ---


@pytest.mark.parametrize("groups_claim", ["", "groups"])
@pytest.mark.parametrize("wrong", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_discovery_goes_through_the_portals_checks_whatever_is_configured(
    provider: Loopback, client: Client, groups_claim: str, wrong: str
) -> None:
    connection = connected(provider, groups_claim=groups_claim)
    provider.discovery[wrong] = "http://plain.example/x"
    answer = client.get(f"/sso/{connection.slug}/")
    assert (answer.status_code, answer.get("Location")) == (403, None)


def test_allauth_reads_no_discovery_document_itself(provider: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: Any) -> None:
        raise AssertionError("past the portal's checks")

    monkeypatch.setattr(OpenIDConnectOAuth2Adapter, "openid_config", property(read))
    assert comes_in(provider, connected(provider, groups_claim=""))


def test_documents_are_kept_and_not_fetched_at_each_start(provider: Loopback) -> None:
    connection = connected(provider)
    for _ in range(3):
        assert comes_in(provider, connection)
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    assert provider.asked.count("/keys") == 1


def test_they_are_read_anew_in_time_and_serve_while_the_provider_is_away(provider: Loopback, client: Client) -> None:
    connection = connected(provider)
    assert comes_in(provider, connection)
    provider.discovery["authorization_endpoint"] = f"{ORIGIN}/moved"
    with clock.later(hours=2):
        assert client.get(f"/sso/{connection.slug}/")["Location"].startswith(f"{provider.origin}/moved?")
    provider.get = lambda path: (503, {})  # type: ignore[method-assign]
    with clock.later(hours=4):
        assert client.get(f"/sso/{connection.slug}/")["Location"].startswith(f"{provider.origin}/moved?")


def test_an_administrators_test_sees_what_the_provider_says_now(
    provider: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connected(provider)
    client.get(f"/sso/{connection.slug}/")
    provider.discovery["authorization_endpoint"] = f"{ORIGIN}/moved"
    monkeypatch.setattr(kept, "JUST_NOW_SECONDS", 0)
    assert client.get(f"/sso/{connection.slug}/")["Location"].startswith(f"{provider.origin}/authorize?")
    client.force_login(make_owner())
    assert client.get(f"/sso/{connection.slug}/")["Location"].startswith(f"{provider.origin}/moved?")


def test_an_endpoint_that_moved_is_found_after_the_first_failure(provider: Loopback) -> None:
    connection = connected(provider)
    assert comes_in(provider, connection)
    provider.discovery["token_endpoint"] = f"{ORIGIN}/new-token"
    provider.trade = _moved(provider)  # type: ignore[method-assign]
    assert not comes_in(provider, connection)
    assert comes_in(provider, connection)


def test_documents_that_were_forgotten_meanwhile_are_read_again(provider: Loopback) -> None:
    connection, trade = connected(provider), provider.trade

    def forget_and_fail(form: dict[str, str], authorization: str) -> tuple[int, Any]:
        cache.clear()
        return 502, {}

    provider.trade = forget_and_fail  # type: ignore[method-assign]
    assert not comes_in(provider, connection)
    provider.trade = trade  # type: ignore[method-assign]
    assert comes_in(provider, connection)


def _moved(provider: Loopback) -> Any:
    trade = provider.trade

    def only_at_the_new_one(form: dict[str, str], authorization: str) -> tuple[int, Any]:
        return trade(form, authorization) if provider.asked[-1] == "/new-token" else (502, {})

    return only_at_the_new_one


def test_an_authorization_endpoint_keeps_its_own_query(provider: Loopback, client: Client) -> None:
    """Azure AD B2C tells its policies apart so; the address for signing out may have one as well."""
    provider.discovery["authorization_endpoint"] = f"{ORIGIN}/authorize?p=b2c_1_signin"
    provider.discovery["end_session_endpoint"] = f"{ORIGIN}/logout?p=b2c_1_signin"
    connection = connected(provider)
    there = client.get(f"/sso/{connection.slug}/")["Location"]
    assert there.startswith(f"{provider.origin}/authorize?p=b2c_1_signin&client_id={CLIENT_ID}&")
    assert there.count("?") == 1
    provider.sign_in(client, connection)
    page = client.post("/logout/").content.decode().replace("&amp;", "&")
    assert f"{provider.origin}/logout?p=b2c_1_signin&" in page


def test_a_query_is_begun_once() -> None:
    assert with_query("https://a.example/x", "b=1") == "https://a.example/x?b=1"
    assert with_query("https://a.example/x?c=2", "b=1") == "https://a.example/x?c=2&b=1"


# --- the client's secret ---


@pytest.mark.parametrize(
    ("announced", "takes"),
    [
        (None, "client_secret_basic"),
        (["client_secret_basic"], "client_secret_basic"),
        (["client_secret_post"], "client_secret_post"),
        (["client_secret_basic", "client_secret_post"], "client_secret_post"),
        (["private_key_jwt"], "client_secret_basic"),
        ([], "client_secret_basic"),
    ],
    ids=str,
)
def test_the_secret_is_shown_as_the_provider_announces(
    provider: Loopback, announced: list[str] | None, takes: str
) -> None:
    """Basic where nothing is announced (RFC 8414 section 2), and form-encoded there (RFC 6749 section 2.3.1)."""
    if announced is not None:
        provider.discovery["token_endpoint_auth_methods_supported"] = announced
    provider.takes = (takes,)
    assert comes_in(provider, connected(provider))


@pytest.mark.parametrize("chosen", ["client_secret_basic", "client_secret_post"])
def test_an_administrator_may_choose_how_the_secret_is_sent(provider: Loopback, chosen: str) -> None:
    provider.discovery["token_endpoint_auth_methods_supported"] = [
        method for method in provider.takes if method != chosen
    ]
    provider.takes = (chosen,)
    connection = connected(provider)
    assert not comes_in(provider, connection)
    connection.client_authentication = chosen
    connection.save()
    assert comes_in(provider, connection)


def test_no_other_way_can_be_chosen(provider: Loopback) -> None:
    with pytest.raises(InvalidValue, match="client authentication must be one of"):
        connected(provider, client_authentication="private_key_jwt")


def test_why_there_are_no_tokens_is_told_to_administrators(provider: Loopback, client: Client) -> None:
    connection = connected(provider)
    provider.refuses_with = {"error": "invalid_client", "error_description": "AADSTS7000222: the secret has expired."}
    assert "AADSTS7000222" not in provider.sign_in(client, connection).content.decode()
    client.force_login(make_owner())
    page = provider.sign_in(client, connection).content.decode()
    assert "invalid_client: AADSTS7000222: the secret has expired." in page


# --- keys and tokens ---


@pytest.mark.parametrize(
    ("keys", "kid"),
    [
        ([public_key("k1", kid=None)], "k1"),
        ([public_key("k1", kid=None), public_key("k2", kid=None)], "k1"),
        ([public_key("k2"), public_key("k1", kid=None)], "k1"),
        ([public_key("k2"), public_key("k1")], None),
        ([public_key("k2", kid="k1"), public_key("k1")], "k1"),
        ([public_key("k1", use="enc", kid="k1"), public_key("k1", kid="k1")], "k1"),
        ([{"kty": "RSA", "kid": "k1"}, {"kty": "odd", "kid": "k1"}, {}, public_key("k1")], "k1"),
        ([public_key("k1", use=None, alg="RS256")], "k1"),
    ],
    ids=["no kid", "two without", "one without", "token without", "same kid", "for encryption", "broken", "no use"],
)
def test_a_key_is_found_however_the_provider_names_it(
    provider: Loopback, keys: list[dict[str, Any]], kid: str | None
) -> None:
    provider.keys, provider.kid = keys, kid
    assert comes_in(provider, connected(provider))


@pytest.mark.parametrize("keys", [[], [public_key("k2", kid="k1")], [public_key("k1", use="enc")], [{"kid": "k1"}]])
def test_without_the_right_key_nobody_comes_in(provider: Loopback, keys: list[dict[str, Any]]) -> None:
    provider.keys = keys
    assert not comes_in(provider, connected(provider))


def test_a_key_exchanged_under_the_same_name_is_read_once(provider: Loopback) -> None:
    connection = connected(provider)
    assert comes_in(provider, connection)
    provider.keys, provider.signed_with = [public_key("k2", kid="k1")], "k2"
    assert comes_in(provider, connection)
    assert provider.asked.count("/keys") == 2


def test_forged_signatures_make_the_portal_ask_twice_a_minute_at_most(provider: Loopback) -> None:
    connection = connected(provider)
    assert comes_in(provider, connection)
    provider.signed_with = "k2"
    for _ in range(3):
        assert not comes_in(provider, connection)
    assert provider.asked.count("/keys") == 2


@pytest.mark.parametrize("length", [1, 191, 192, 255])
def test_a_subject_may_have_255_characters(provider: Loopback, length: int) -> None:
    provider.id_token["sub"] = provider.userinfo["sub"] = "s" * length
    assert comes_in(provider, connected(provider))


def test_a_subject_with_more_is_refused(provider: Loopback) -> None:
    connection = connected(provider)
    provider.id_token["sub"] = provider.userinfo["sub"] = "s" * 256
    assert not comes_in(provider, connection)


def test_an_id_token_with_hundreds_of_groups_is_read(provider: Loopback) -> None:
    """Three hundred distinguished names of Active Directory are some 45 KiB."""
    name = "CN=Department {:03},OU=Groups of the company,OU=Europe,DC=corp,DC=example"
    groups = [name.format(number) for number in range(600)]
    provider.id_token["groups"] = groups
    assert comes_in(provider, connected(provider))


def test_one_that_is_too_long_says_how_long_it_may_be(provider: Loopback, client: Client) -> None:
    provider.id_token["groups"] = ["g" * 200] * 600
    connection = connected(provider)
    client.force_login(make_owner())
    page = provider.sign_in(client, connection).content.decode()
    assert "at most 128 are read. Have fewer groups sent" in page


# --- userinfo ---


@pytest.mark.parametrize("userinfo", [500, 401, 404, [], "text", "a.b.c", None, 7.5, {"email": "x"}], ids=str)
def test_userinfo_that_cannot_be_had_keeps_nobody_out(provider: Loopback, userinfo: Any) -> None:
    provider.userinfo = userinfo
    assert comes_in(provider, connected(provider))


def test_who_is_new_and_needs_userinfo_hears_that_it_is_away(provider: Loopback) -> None:
    """And is not told that their email is of another domain, or made without one."""
    set_mode(scim=False)
    connection = connected(provider, creates_users=True, allowed_domains="example.test")
    provider.id_token = {"sub": "00u9", "preferred_username": "eve"}
    whole = {"sub": "00u9", "email": "eve@example.test"}
    for userinfo, is_made in ((500, False), ([], False), (whole, True), (500, True)):
        provider.userinfo = userinfo
        client = Client()
        page = provider.sign_in(client, connection)
        assert is_in(client) == is_made
        assert is_made or "domain" not in page.content.decode()
        assert User.objects.filter(username_key="eve").exists() == is_made


def test_userinfo_that_is_away_keeps_nobody_out(provider: Loopback) -> None:
    provider.discovery["userinfo_endpoint"] = "https://127.0.0.1:1/userinfo"
    assert comes_in(provider, connected(provider))


def test_userinfo_may_be_a_signed_token(provider: Loopback, client: Client) -> None:
    provider.userinfo = provider.token(email="ada@example.test", picture="seen", iat=None, exp=None)
    connection = connected(provider)
    client.force_login(make_owner())
    page = f"/admin/identity/ssoconnection/{connection.pk}/test/"
    assert provider.sign_in(client, connection, f"?next={page}")["Location"] == page
    assert "seen" in client.get(page).content.decode()


@pytest.mark.parametrize("wrong", [{"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["x", "y"]}, "key"])
def test_signed_userinfo_that_proves_nothing_adds_nothing(provider: Loopback, client: Client, wrong: Any) -> None:
    provider.signed_with = "k2" if wrong == "key" else "k1"
    provider.userinfo = provider.token(**{"picture": "seen", **(wrong if isinstance(wrong, dict) else {})})
    provider.signed_with = "k1"
    connection = connected(provider)
    client.force_login(make_owner())
    page = f"/admin/identity/ssoconnection/{connection.pk}/test/"
    assert provider.sign_in(client, connection, f"?next={page}")["Location"] == page
    assert "seen" not in client.get(page).content.decode()


def test_signed_userinfo_of_somebody_else_is_refused(provider: Loopback) -> None:
    provider.userinfo = provider.token(sub="00u2")
    assert not comes_in(provider, connected(provider))
    assert not User.objects.filter(sso_identities__isnull=False).exists()
