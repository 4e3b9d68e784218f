"""R21 from the sign-in button to the account: created, kept, and adopted by a later provisioning (R5)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from identity.models import SSOConnection, SSOUser, User
from identity.services.provisioning import groups as sso_groups
from tests import newer_schema
from tests.clients import idp_of
from tests.factories import OPERATOR, connect, make_group, make_idp, map_group, members_of, set_mode
from tests.sessions import is_in
from tests.sso.conftest import OIDCProvider

pytestmark = pytest.mark.django_db

EVE = {"sub": "00u9", "preferred_username": "eve", "email": "eve@example.test", "given_name": "Eve"}


@pytest.fixture
def connection(provider: OIDCProvider) -> SSOConnection:
    """People of example.test may be created."""
    set_mode(scim=False)
    said = {"creates_users": True, "allowed_domains": "example.test", "groups_claim": "groups"}
    return connect(make_idp("Okta", kind="okta"), **said)


def test_an_unknown_person_is_created_with_groups_and_comes_again(
    client: Client, connection: SSOConnection, provider: OIDCProvider
) -> None:
    builders = make_group("Builders")
    map_group(sso_groups.declare_sso_group(connection.identity_provider, name="Engineering", actor=OPERATOR), builders)
    assert provider.sign_in(client, connection, **EVE, groups=["Engineering"])["Location"] == "/profile/"
    eve = User.objects.get(username_key="eve")
    assert (eve.role, eve.first_name, eve.managed_by, eve.has_usable_password()) == ("member", "Eve", None, False)
    assert members_of(builders) == {"eve"}
    provider.sign_in(Client(), connection, **{**EVE, "groups": [], "given_name": "Evelyn"})
    assert (members_of(builders), User.objects.get().first_name) == (set(), "Eve")


def test_a_later_provisioning_adopts_the_account(
    client: Client, connection: SSOConnection, provider: OIDCProvider
) -> None:
    provider.sign_in(client, connection, **EVE)
    eve = User.objects.get(username_key="eve")
    set_mode(scim=True)
    assert provider.sign_in(Client(), connection, **EVE).status_code == 403
    emails = [{"value": "eve@example.test", "primary": True}]
    idp_of(connection.identity_provider).user("eve", externalId="00u9", emails=emails)
    assert SSOUser.objects.get().user == eve
    again = Client()
    assert provider.sign_in(again, connection, **EVE)["Location"] == "/profile/"
    assert is_in(again)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@evil.test"},
        {"email": "eve@example.test.evil.test"},
        {"email": "eve@sub.example.test"},
        {"email": None},
        {"email_verified": False},
        {"preferred_username": None},
        {"preferred_username": "ev\u200be"},
        {"preferred_username": "x" * 300},
    ],
    ids=str,
)
def test_who_is_not_of_the_domain_or_has_no_proper_name_is_not_created(
    client: Client, connection: SSOConnection, provider: OIDCProvider, claims: dict[str, Any]
) -> None:
    answer = provider.sign_in(client, connection, **{**EVE, **claims})
    assert answer.status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize("table", ["identity_user", "identity_ssoidentity"])
def test_a_newer_schema_is_a_fault_and_nobodys_name_is_called_taken(
    client: Client, connection: SSOConnection, provider: OIDCProvider, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    newer_schema.asks_for_more(table)
    client.raise_request_exception = False
    answer = provider.sign_in(client, connection, **EVE)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    told = answer.content.decode().lower()
    assert [word for word in ("taken", "belongs", "already", "another", "eve@", "newer") if word in told] == []
    assert [entry.levelno for entry in caplog.records if entry.exc_info] == [logging.ERROR]
    assert not is_in(client)
    assert (User.objects.count(), SSOUser.objects.count()) == (0, 0)
