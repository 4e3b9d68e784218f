"""Signing in and out at two identity providers that are alike: one subject is two people, at every door."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from identity.models import SSOConnection, SSOIdentity, User
from tests.factories import set_mode
from tests.identity.two_idps import SUBJECT, Side
from tests.identity.whose import Bystanders
from tests.sso.backchannel import logout_token, send
from tests.sso.conftest import OIDCProvider, leave
from tests.sso.saml_answers import SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db

CLAIMS = {"sub": SUBJECT, "preferred_username": "ada", "email": "ada@example.test", "groups": ["Engineering"]}


@pytest.fixture(params=[True, False], ids=["SCIM on", "SCIM off"])
def scim(request: pytest.FixtureRequest, mine: Side) -> bool:
    set_mode(scim=request.param)
    return bool(request.param)


@pytest.fixture
def _saml_too(saml_provider: SAMLProvider, mine: Side) -> None:
    """Both SAML connections believe one key, which is as alike as they get."""
    known = SSOConnection.objects.filter(pk__in=[mine.saml.pk, mine.other.saml.pk])
    known.update(entity_id=saml_provider.entity_id, certificate=saml_provider.certificate, subject_claim="NameID")


def others(mine: Side) -> Bystanders:
    return Bystanders(mine.other.roots, {User: {mine.colleague.user_id}})


def user_of(client: Client) -> int:
    return int(client.session.get(SESSION_KEY, 0))


# --- OpenID Connect ---


def by_oidc(client: Client, side: Side, provider: OIDCProvider, **claims: Any) -> Any:
    leaving = leave(client, side.oidc)
    token = provider.token(nonce=leaving.wishes["nonce"], **{**CLAIMS, **claims})
    return leaving.comes_back(provider, token)


def test_oidc_signs_in_the_own_person(mine: Side, scim: bool, provider: OIDCProvider) -> None:
    for groups in (["Engineering"], [], ["g1"]):
        client, bystanders = Client(), others(mine)
        assert by_oidc(client, mine, provider, groups=groups).status_code == 302
        assert user_of(client) == mine.user.pk
        assert bystanders.touched() == []


def test_oidc_finds_the_own_person_at_the_first_sign_in(mine: Side, scim: bool, provider: OIDCProvider) -> None:
    SSOIdentity.objects.filter(user=mine.user).delete()
    client, bystanders = Client(), others(mine)
    by_oidc(client, mine, provider)
    assert user_of(client) == mine.user.pk
    assert bystanders.touched() == []


def test_oidc_makes_a_newcomer_of_the_others_subject_while_scim_is_off(
    mine: Side, scim: bool, provider: OIDCProvider
) -> None:
    """Whom this provider has not sent, and the other has under this subject and external ID."""
    SSOIdentity.objects.filter(identity_provider=mine.idp).delete()
    mine.idp.sso_users.all().delete()
    client, bystanders = Client(), others(mine)
    answer = by_oidc(client, mine, provider, preferred_username="newcomer", email="newcomer@example.test")
    if scim:
        assert (answer.status_code, user_of(client)) == (403, 0)
    else:
        assert User.objects.get(pk=user_of(client)).username == "newcomer"
    assert bystanders.touched() == []


def test_an_answer_to_one_connection_is_none_to_the_other(mine: Side, provider: OIDCProvider) -> None:
    """Mixed up on the way, with an issuer, a client and a key in common (RFC 9700 section 4.4)."""
    client, bystanders = Client(), others(mine)
    leaving = leave(client, mine.oidc)
    leaving.connection = mine.other.oidc
    answer = leaving.comes_back(provider, provider.token(nonce=leaving.wishes["nonce"], **CLAIMS))
    assert (answer.status_code, user_of(client)) == (403, 0)
    assert [line.partition(" ")[0] for line in bystanders.touched()] == ["identity.ProvisioningLog"]  # where it arrived


@pytest.mark.parametrize("claims", [{}, {"sid": "session-1"}, {"sub": None, "sid": "session-1"}], ids=str)
def test_a_logout_there_ends_the_own_persons_sessions(
    mine: Side, provider: OIDCProvider, claims: dict[str, Any]
) -> None:
    bystanders = others(mine)
    assert send(mine.oidc, logout_token(provider, **claims)) == 200
    assert bystanders.touched() == []
    assert not mine.user.usersession_set.exists()
    assert mine.local.usersession_set.exists()


# --- SAML ---


def by_saml(client: Client, side: Side, provider: SAMLProvider, *, at: SSOConnection | None = None, **said: Any) -> Any:
    asked = request_id(client, side.saml)
    xml = provider.good(side.saml, asked, **{"name_id": SUBJECT, **said})
    answer = client.post(f"/sso/{(at or side.saml).slug}/acs/", {"SAMLResponse": encoded(xml)})
    return client.get(answer["Location"]) if answer.status_code == 302 else answer


@pytest.mark.usefixtures("_saml_too")
def test_saml_signs_in_the_own_person(mine: Side, scim: bool, saml_provider: SAMLProvider) -> None:
    client, bystanders = Client(), others(mine)
    assert by_saml(client, mine, saml_provider).status_code == 302
    assert user_of(client) == mine.user.pk
    assert bystanders.touched() == []


@pytest.mark.usefixtures("_saml_too")
def test_saml_finds_the_own_person_at_the_first_sign_in(mine: Side, scim: bool, saml_provider: SAMLProvider) -> None:
    SSOIdentity.objects.filter(user=mine.user).delete()
    client, bystanders = Client(), others(mine)
    by_saml(client, mine, saml_provider)
    assert user_of(client) == mine.user.pk
    assert bystanders.touched() == []


@pytest.mark.usefixtures("_saml_too")
def test_a_response_to_one_connection_is_none_to_the_other(mine: Side, saml_provider: SAMLProvider) -> None:
    client, bystanders = Client(), others(mine)
    answer = by_saml(client, mine, saml_provider, at=mine.other.saml)
    assert (answer.status_code, user_of(client)) == (403, 0)
    assert [line.partition(" ")[0] for line in bystanders.touched()] == ["identity.ProvisioningLog"]  # where it arrived
