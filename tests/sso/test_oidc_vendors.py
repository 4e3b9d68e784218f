"""The OpenID Connect of real vendors, as they document it, from the sign-in button to the account (over loopback)."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.test import Client

from identity.models import AuditEvent, Group, SSOConnection, SSOIdentity, User
from identity.services.provisioning import groups as sso_groups
from portal.sso import signed_tokens
from tests.factories import ISSUER, OPERATOR, connect, make_group, make_idp, map_group, provision, set_mode
from tests.sessions import is_in
from tests.sso import vendors
from tests.sso.conftest import OIDCProvider
from tests.sso.loopback_oidc import CLIENT_ID, CLIENT_SECRET, Loopback, public_key, serving
from tests.sso.vendors.oidc import OIDCVendor

pytestmark = pytest.mark.django_db

NAMES = [module.name for module in pkgutil.iter_modules(vendors.__path__) if module.name.startswith("oidc_")]
VENDORS: list[OIDCVendor] = [import_module(f"tests.sso.vendors.{name}").VENDOR for name in NAMES]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> OIDCVendor:
    found: OIDCVendor = request.param
    return found


@pytest.fixture
def there(vendor: OIDCVendor, settings: Any) -> Iterator[Loopback]:
    """The vendor, on loopback; its token endpoint takes what it announces and nothing else."""
    said = {
        "id_token": dict(vendor.id_token),
        "userinfo": dict(vendor.userinfo),
        "keys": [*vendor.other_keys, public_key()],
        "takes": tuple(vendor.discovery["token_endpoint_auth_methods_supported"]),
    }
    with serving(vendor.discovery, *vendor.hosts, **said) as there:
        settings.SSO_INTERNAL_ORIGINS = [there.origin]
        yield there


@pytest.fixture
def connection(vendor: OIDCVendor, there: Loopback) -> SSOConnection:
    """As an administrator sets it up who follows docs/sso.md."""
    said = {"allowed_domains": "example.test", "groups_claim": "groups", **vendor.settings}
    return connect(
        make_idp(vendor.name, kind=vendor.kind),
        issuer=there.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        creates_users=True,
        **said,
    )


def test_every_vendor_that_the_documentation_names_is_here() -> None:
    named = {"Okta", "Microsoft Entra ID", "Google Workspace", "OneLogin", "JumpCloud", "PingOne"}
    assert {vendor.name for vendor in VENDORS} == named | {"authentik", "Auth0", "Keycloak", "AD FS", "Zitadel"}
    assert all(source.startswith("https://") for vendor in VENDORS for source in vendor.sources)


def test_an_unknown_person_is_created_with_groups(
    vendor: OIDCVendor, there: Loopback, connection: SSOConnection
) -> None:
    set_mode(scim=False)
    for name in vendor.groups:
        declared = sso_groups.declare_sso_group(connection.identity_provider, name=name, actor=OPERATOR)
        map_group(declared, make_group(f"Portal's {name}"))
    client = Client()
    assert there.sign_in(client, connection).status_code == 302
    assert is_in(client)
    user = User.objects.get()
    assert (user.username, user.email, user.first_name, user.last_name) == vendor.person
    assert set(Group.objects.filter(memberships__user=user).values_list("name", flat=True)) == {
        f"Portal's {name}" for name in vendor.groups
    }
    assert not AuditEvent.objects.filter(action__startswith="user.groups_claim").exists()


def test_a_provisioned_person_is_found_by_the_external_id_and_comes_again(
    vendor: OIDCVendor, there: Loopback, connection: SSOConnection
) -> None:
    provision(connection.identity_provider, "someone", external_id=vendor.external_id)
    for _ in range(2):
        client = Client()
        there.sign_in(client, connection)
        assert is_in(client)
    assert SSOIdentity.objects.get().user.username == "someone"
    assert there.asked.count(there.path("jwks_uri")) == 1


@pytest.mark.parametrize(
    "wrong", [{"aud": "another"}, {"iss": "https://evil.example"}, {"nonce": "another"}, {"exp": 1}], ids=str
)
def test_what_is_checked_is_checked_with_every_vendor(
    vendor: OIDCVendor, there: Loopback, connection: SSOConnection, wrong: dict[str, Any]
) -> None:
    provision(connection.identity_provider, "someone", external_id=vendor.external_id)
    token = there.token
    there.token = lambda **claims: token(**{**claims, **wrong})  # type: ignore[method-assign]
    client = Client()
    assert there.sign_in(client, connection).status_code == 403
    assert not is_in(client)


def test_google_may_leave_out_the_scheme_of_its_name(
    client: Client, okta: SSOConnection, provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """developers.google.com/identity/openid-connect/reference: `iss`; nobody else may."""
    provision(okta.identity_provider, "ada", external_id="00u1")
    bare = ISSUER.removeprefix("https://")
    for google, status in (("https://accounts.google.com", 403), (ISSUER, 302)):
        monkeypatch.setattr(signed_tokens, "GOOGLE", google)
        answer = provider.sign_in(client, okta, iss=bare)
        assert answer.status_code == status
