"""What counts as a fresh sign-in at an identity provider, and as a verified email: the exact thing, or nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from identity.models import SSOConnection, SSOIdentity, User
from tests.factories import ISSUER, connect, make_idp, make_owner, set_mode
from tests.portal.admin_pages import messages_of
from tests.sessions import check_that_it_renews
from tests.sso.conftest import OIDCProvider, leave
from tests.sso.saml_answers import SAMLProvider, encoded, request_id, utc

pytestmark = pytest.mark.django_db

MINUTE, HOUR, YEAR = 60, 3600, 365 * 24 * 3600
SENSITIVE = "/admin/identity/identityprovider/{}/create_token/"


def ago(seconds: float) -> int:
    return int(time.time() - seconds)


# Each `auth_time` as a provider, or whoever meddles with the address on the way there, may have it come back; what
# hangs on the time is asked for when it is sent.
NOT_FRESH: dict[str, Any] = {
    "absent": None,
    "hours ago": lambda: ago(8 * HOUR),
    "eleven minutes ago": lambda: ago(11 * MINUTE),
    "in a year": lambda: ago(-YEAR),
    "in an hour": lambda: ago(-HOUR),
    "in milliseconds": lambda: ago(0) * 1000,
    "the beginning": 0,
    "negative": -1,
    "beyond all clocks": 10**400,
    "a fraction, now": time.time,
    "a fraction, hours ago": lambda: float(ago(8 * HOUR)),
    "a text, now": lambda: str(ago(0)),
    "a text, hours ago": lambda: str(ago(8 * HOUR)),
    "a date": lambda: utc(0),
    "an empty text": "",
    "true": True,
    "false": False,
    "a list": lambda: [ago(0)],
    "an object": lambda: {"value": ago(0)},
}


@pytest.fixture
def olga(okta: SSOConnection, saml: SSOConnection) -> User:
    """An owner whom both providers sign in."""
    olga = make_owner()
    set_mode(scim=False)
    for connection, subject in ((okta, "00u1"), (saml, "saml:ext-1")):
        SSOIdentity.objects.create(identity_provider=connection.identity_provider, subject=subject, user=olga)
    cache.clear()
    return olga


def sensitive(connection: SSOConnection) -> str:
    return SENSITIVE.format(connection.identity_provider_id)


def is_fresh(client: Client, connection: SSOConnection) -> bool:
    answer = client.get(sensitive(connection))
    assert answer.status_code in {200, 302}
    assert answer.status_code == 200 or answer["Location"].startswith("/confirm-password/")
    return bool(answer.status_code == 200)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize("asked", ["", "?again"])
@pytest.mark.parametrize("shape", NOT_FRESH)
def test_what_does_not_say_that_it_was_just_now_is_not_fresh(
    client: Client, okta: SSOConnection, provider: OIDCProvider, shape: str, asked: str
) -> None:
    said = NOT_FRESH[shape]
    answer = provider.sign_in(client, okta, asked, auth_time=said() if callable(said) else said)
    assert answer.status_code == 302
    assert not is_fresh(client, okta)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize("seconds", [0, 9 * MINUTE, -30])
def test_a_moment_ago_is_fresh(client: Client, okta: SSOConnection, provider: OIDCProvider, seconds: int) -> None:
    """With the minute of skew that all clocks are given (SR-42)."""
    provider.sign_in(client, okta, auth_time=ago(seconds))
    assert is_fresh(client, okta)


@pytest.mark.usefixtures("olga")
def test_userinfo_proves_no_sign_in(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    """It is not signed, and tells of the person rather than of this sign-in."""
    provider.answers[f"{ISSUER}/userinfo"] = {"sub": "00u1", "auth_time": ago(0)}
    provider.sign_in(client, okta)
    assert not is_fresh(client, okta)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize(
    ("hours", "reason"),
    [(None, "did not say when you last proved"), (1, "let you through without asking who you are")],
)
def test_who_asked_for_a_fresh_sign_in_is_told_why_it_is_none(
    client: Client, okta: SSOConnection, provider: OIDCProvider, hours: int | None, reason: str
) -> None:
    page = client.get(provider.sign_in(client, okta, "?again", auth_time=hours and ago(hours * HOUR))["Location"])
    assert reason in " ".join(messages_of(page))


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize(
    ("instant", "fresh"),
    [
        (0, True),
        (-8 * HOUR, False),
        (HOUR, False),
        (YEAR, False),
        ("1969-12-31T23:59:59Z", False),
    ],
)
def test_the_same_goes_for_saml(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, instant: float | str, fresh: bool
) -> None:
    assert come_back(client, saml, saml_provider, authenticated=instant) == 302
    assert is_fresh(client, saml) is fresh


@pytest.mark.usefixtures("olga")
def test_a_saml_instant_without_a_zone_is_utc(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    """In any case (SAML Core 1.3.3)."""
    assert come_back(client, saml, saml_provider, authenticated=utc(0).removesuffix("Z")) == 302
    assert is_fresh(client, saml)


@pytest.mark.usefixtures("olga")
@pytest.mark.parametrize("instant", ["", "now", "2026-13-45T00:00:00Z", "99999999999"])
def test_an_instant_that_is_none_lets_nobody_in(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, instant: str
) -> None:
    assert come_back(client, saml, saml_provider, authenticated=instant) == 403


def come_back(client: Client, saml: SSOConnection, saml_provider: SAMLProvider, **said: Any) -> int:
    xml = saml_provider.good(saml, request_id(client, saml, "?again"), **said)
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    return int(client.get(answer["Location"]).status_code) if answer.status_code == 302 else int(answer.status_code)


def test_a_fresh_sign_in_renews_the_key_of_the_session(
    client: Client, okta: SSOConnection, provider: OIDCProvider, olga: User
) -> None:
    def go_there(client: Client, query: str = "?again") -> None:
        provider.sign_in(client, okta, query)

    go_there(client, "")
    check_that_it_renews(client, olga, go_there)


# --- a verified email ---

UNVERIFIED: list[Any] = [
    *(False, None, 0, 1, 1.0, -1, "", "false", "False", "FALSE", "no", "0", "1", "yes", "True", "TRUE", " true"),
    *([], ["false"], ["True"], [True], ["true", "false"], {}, {"value": True}),
]


@pytest.fixture
def creating(provider: OIDCProvider) -> SSOConnection:
    """Creates people of example.test."""
    set_mode(scim=False)
    return connect(make_idp("Okta", kind="okta"), creates_users=True, allowed_domains="example.test")


def arrive(client: Client, connection: SSOConnection, provider: OIDCProvider, **claims: Any) -> User | None:
    leaving = leave(client, connection)
    said = {"preferred_username": "eve", "email": "eve@example.test", "nonce": leaving.wishes["nonce"], **claims}
    leaving.comes_back(provider, provider.token(**said))
    return User.objects.filter(username_key="eve").first()


@pytest.mark.parametrize("said", UNVERIFIED, ids=repr)
def test_only_true_is_verified(client: Client, creating: SSOConnection, provider: OIDCProvider, said: Any) -> None:
    """By userinfo, since JSON null is a claim there that is said (tests leave None out of a token)."""
    provider.answers[f"{ISSUER}/userinfo"] = {
        "sub": "00u1",
        "preferred_username": "eve",
        "email": "eve@example.test",
        "email_verified": said,
    }
    provider.sign_in(client, creating)
    assert not User.objects.exists()
    provider.answers[f"{ISSUER}/userinfo"] = {}
    if said is not None:
        assert arrive(client, creating, provider, email_verified=said) is None


@pytest.mark.parametrize("claims", [{}, {"email_verified": True}, {"email_verified": "true"}], ids=repr)
def test_true_is_and_saying_nothing_is_no_denial(
    client: Client, creating: SSOConnection, provider: OIDCProvider, claims: dict[str, Any]
) -> None:
    assert arrive(client, creating, provider, **claims) is not None


def test_userinfo_does_not_verify_the_email_of_the_id_token(
    client: Client, creating: SSOConnection, provider: OIDCProvider
) -> None:
    """What it says of verification is about the email that it tells itself."""
    about_another = {"sub": "00u1", "email": "other@example.test", "email_verified": False}
    provider.answers[f"{ISSUER}/userinfo"] = about_another
    assert arrive(client, creating, provider) is not None
