"""Email, names and username are read from the claims that the connection names, over both protocols."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from identity.models import SSOConnection, User
from tests.factories import ISSUER, connect, make_idp, provision, set_mode
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer
from tests.sessions import as_administrator
from tests.sso.conftest import OIDCProvider
from tests.sso.saml_answers import SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db

CREATES = {"creates_users": True, "allowed_domains": "example.test"}
EVE = ("eve", "eve@example.test", "Eve", "Moss")


@pytest.fixture(autouse=True)
def _without_scim() -> None:
    set_mode(scim=False)


def status_of(provider: OIDCProvider, names: dict[str, str], claims: dict[str, Any]) -> int:
    return int(provider.sign_in(Client(), connect(make_idp(), **CREATES, **names), **claims).status_code)


def made() -> tuple[str, str | None, str, str]:
    user = User.objects.get()
    return user.username, user.email, user.first_name, user.last_name


@pytest.mark.parametrize(
    ("names", "claims"),
    [
        (
            {},
            {"preferred_username": EVE[0], "email": EVE[1], "given_name": EVE[2], "family_name": EVE[3]},
        ),
        (
            {
                "user_name_claim": "User.Name",
                "email_claim": "User.Email",
                "first_name_claim": "User.FirstName",
                "last_name_claim": "User.LastName",
            },
            {"User.Name": EVE[0], "User.Email": EVE[1], "User.FirstName": EVE[2], "User.LastName": EVE[3]},
        ),
        (
            {"user_name_claim": "unique_name", "email_claim": "upn"},
            {"unique_name": EVE[0], "upn": EVE[1], "given_name": EVE[2], "family_name": EVE[3], "email": "x@evil.test"},
        ),
    ],
    ids=["standard", "OneLogin's", "ADFS's"],
)
def test_a_person_is_made_of_the_claims_that_are_named(
    provider: OIDCProvider, names: dict[str, str], claims: dict[str, Any]
) -> None:
    assert status_of(provider, names, claims) == 302
    assert made() == EVE


def test_an_external_id_may_come_as_a_number(provider: OIDCProvider, client: Client) -> None:
    """An employee number, say: SCIM's externalId is always a text."""
    set_mode(scim=True)
    connection = connect(make_idp(), subject_claim="employee")
    ada = provision(connection.identity_provider, "ada", external_id="701984").user
    for number, status in ((True, 403), (701984.0, 403), (701985, 403), (701984, 302)):
        assert provider.sign_in(client, connection, employee=number).status_code == status
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_a_claim_that_is_named_and_missing_has_no_stand_in(provider: OIDCProvider) -> None:
    """Who names upn may not trust email, which people write themselves at some providers."""
    assert status_of(provider, {"email_claim": "upn"}, {"preferred_username": "eve", "email": EVE[1]}) == 403
    assert not User.objects.exists()


def test_over_saml_as_well(client: Client, saml_provider: SAMLProvider) -> None:
    names = {
        "user_name_claim": "login",
        "email_claim": "private mail",
        "first_name_claim": "vorname",
        "last_name_claim": "nachname",
    }
    connection = connect("Okta", "saml", **saml_provider.settings, **names, **CREATES)
    attributes = {"login": ["eve"], "private mail": [EVE[1]], "vorname": [EVE[2]], "nachname": [EVE[3]]}
    decoys = {"mail": ["x@evil.test"], "givenName": ["X"], "sn": ["X"]}
    asked = request_id(client, connection)
    xml = saml_provider.good(connection, asked, attributes=attributes | decoys)
    posted = client.post(f"/sso/{connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
    assert client.get(posted["Location"]).status_code == 302
    assert made() == EVE


def test_page_and_command_name_and_show_them(provider: OIDCProvider) -> None:
    sent = {
        "issuer": ISSUER,
        "client_id": "gatehouse",
        "client_secret": "s",
        "subject_claim": "sub",
        "user_name_claim": "unique_name",
        "email_claim": "upn",
    }
    client = as_administrator()
    page = client.post(address("identityprovider_connect_oidc", make_idp().pk), sent, follow=True)
    assert "upn" in text_of(page)
    slug = SSOConnection.objects.get().slug
    assert answer("edit_sso_connection", slug, "--first-name-claim", "vorname")["first_name_claim"] == "vorname"
    page = client.get(address("ssoconnection_edit", SSOConnection.objects.get().pk))
    assert page.context["form"].initial["first_name_claim"] == "vorname"
    assert page.context["form"].initial["email_claim"] == "upn"
