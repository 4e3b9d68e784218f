"""What an edit of a connection would make the portal forget is said before, on every door."""

from __future__ import annotations

import json
from typing import Any

import pytest

from identity.models import AuditEvent, SSOConnection, SSOIdentity
from identity.services.sso_connections import same_issuer
from tests.clients import administrators_caller, ok, problem
from tests.factories import ISSUER, connect, make_idp, make_user
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer, refusal
from tests.sessions import as_administrator

pytestmark = pytest.mark.django_db

ANOTHER = "https://another.example"
INVALID = 6  # of docs/commands.md


@pytest.fixture
def connection() -> SSOConnection:
    """Two people have signed in through it, and one over SAML at the same provider."""
    connection = connect(make_idp("IdP"))
    for number, subject in enumerate(("00u1", "00u2", "saml:00u3")):
        SSOIdentity.objects.create(
            identity_provider=connection.identity_provider, subject=subject, user=make_user(f"user{number}")
        )
    return connection


def known() -> set[str]:
    return set(SSOIdentity.objects.values_list("subject", flat=True))


def form(issuer: str, **said: Any) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "client_id": "gatehouse",
        "client_secret": "another",
        "subject_claim": "sub",
        "user_name_claim": "preferred_username",
        **said,
    }


@pytest.mark.parametrize(
    "issuer",
    [
        f"{ISSUER}/",
        f"{ISSUER}//",
        "https://OKTA.example",
        f"{ISSUER}:443",
        f"{ISSUER}/.well-known/openid-configuration",
    ],
)
def test_another_spelling_of_the_issuer_forgets_nobody(connection: SSOConnection, issuer: str) -> None:
    answer("edit_sso_connection", connection.slug, "--issuer", issuer, "--client-secret", "s")
    as_administrator().post(address("ssoconnection_edit", connection.pk), form(ISSUER))
    assert known() == {"00u1", "00u2", "saml:00u3"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ISSUER, "http://okta.example"),
        (ISSUER, "https://okta.example.evil.test"),
        (ISSUER, "https://okta.example:4443"),
        (ISSUER, "https://okta.example/a"),
        ("https://okta.example/a", "https://okta.example/A"),
        ("https://okta.example/a", "https://okta.example/a/b"),
    ],
)
def test_other_issuers_are_others(one: str, other: str) -> None:
    assert not same_issuer(one, other)
    assert not same_issuer(other, one)


def test_the_page_says_how_many_would_be_forgotten_and_wants_it_confirmed(connection: SSOConnection) -> None:
    client = as_administrator()
    page = address("ssoconnection_edit", connection.pk)
    assert "Forget who 2 people are" in text_of(client.get(page))
    refused = client.post(page, form(ANOTHER))
    assert refused.status_code == 400
    assert "2 identities would be forgotten" in text_of(refused)
    assert known() == {"00u1", "00u2", "saml:00u3"}
    assert client.post(page, form(ANOTHER, forget_identities="on")).status_code == 302
    assert known() == {"saml:00u3"}
    event = AuditEvent.objects.filter(action="sso_connection.edited").latest("id")
    assert event.details["identities_forgotten"] == 2


def test_whom_nobody_knows_needs_no_confirmation() -> None:
    connection = connect(make_idp("IdP"))
    client = as_administrator()
    page = address("ssoconnection_edit", connection.pk)
    assert "Forget who" not in text_of(client.get(page))
    assert client.post(page, form(ANOTHER)).status_code == 302
    assert SSOConnection.objects.get().issuer == ANOTHER


def test_rest_says_it_too(connection: SSOConnection) -> None:
    script = administrators_caller()
    path = f"sso-connections/{connection.pk}/"
    answered = script.patch(path, {"issuer": ANOTHER, "client_secret": "another"})
    assert problem(answered) == (400, "invalid_value")
    assert "2 identities would be forgotten" in json.loads(answered.content)["errors"][0]["detail"]
    said = {"issuer": ANOTHER, "client_secret": "another", "forget_identities": True}
    assert ok(script.patch(path, said))["issuer"] == ANOTHER
    assert known() == {"saml:00u3"}


def test_and_the_command(connection: SSOConnection) -> None:
    words = ("edit_sso_connection", connection.slug, "--issuer", ANOTHER, "--client-secret", "another")
    status, text = refusal(*words)
    assert status == INVALID
    assert "2 identities would be forgotten" in text
    answer(*words, "--forget-identities")
    assert known() == {"saml:00u3"}


def test_confirming_it_without_another_issuer_forgets_nobody(connection: SSOConnection) -> None:
    answer("edit_sso_connection", connection.slug, "--client-id", "another", "--forget-identities")
    assert known() == {"00u1", "00u2", "saml:00u3"}


def test_how_the_secret_is_sent_is_chosen_on_the_page_and_by_the_command(connection: SSOConnection) -> None:
    client = as_administrator()
    page = address("ssoconnection_edit", connection.pk)
    client.post(page, form(ISSUER, client_authentication="client_secret_post"))
    assert SSOConnection.objects.get().client_authentication == "client_secret_post"
    assert "client_secret_post" in text_of(client.get(address("ssoconnection_change", connection.pk)))
    words = ("edit_sso_connection", connection.slug, "--client-authentication", "announced")
    assert answer(*words)["client_authentication"] == "announced"


def test_how_the_secret_is_sent_is_chosen_over_rest(connection: SSOConnection) -> None:
    script = administrators_caller()
    path = f"sso-connections/{connection.pk}/"
    edited = ok(script.patch(path, {"client_authentication": "client_secret_basic"}))
    assert edited["client_authentication"] == "client_secret_basic"
    assert problem(script.patch(path, {"client_authentication": "guess"})) == (400, "invalid_value")


def test_two_connections_of_a_provider_may_spell_their_issuer_differently(connection: SSOConnection) -> None:
    assert connect(connection.identity_provider, issuer=f"{ISSUER}/").issuer == f"{ISSUER}/"
