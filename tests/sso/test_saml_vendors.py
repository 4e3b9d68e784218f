"""SAML as eleven vendors document it, from the metadata that an administrator uploads to the profile page."""

from __future__ import annotations

import base64
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from lxml import etree, html

from identity.models import SSOConnection, User
from identity.services import sso_connections
from tests.factories import (
    OPERATOR,
    connect,
    make_group,
    make_idp,
    make_owner,
    map_group,
    members_of,
    provision,
    push_group,
    set_mode,
)
from tests.portal.admin_pages import address
from tests.sessions import is_in, signed_in
from tests.sso import vendors
from tests.sso.idp_processes import self_signed
from tests.sso.saml_answers import SAMLProvider, encoded, request_of
from tests.sso.vendors.saml import BOTH, ONLY_ASSERTION, ONLY_RESPONSE, SAMLVendor

pytestmark = pytest.mark.django_db

NAMES = [module.name for module in iter_modules(vendors.__path__) if module.name.startswith("saml_")]
VENDORS: dict[str, SAMLVendor] = {name: import_module(f"tests.sso.vendors.{name}").VENDOR for name in NAMES}
WANTED = "adfs auth0 authentik entra google jumpcloud keycloak okta onelogin pingone zitadel"


@pytest.fixture(params=NAMES)
def vendor(request: Any) -> SAMLVendor:
    return VENDORS[request.param]


@pytest.fixture
def provider(vendor: SAMLVendor, tmp_path: Path) -> SAMLProvider:
    """It signs with a key of ours."""
    key, certificate = self_signed(tmp_path)
    return SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8"), vendor.entity_id)


@pytest.fixture
def connection(vendor: SAMLVendor, provider: SAMLProvider) -> SSOConnection:
    """Set up on the page with the vendor's metadata, and switched on."""
    idp = make_idp(vendor.name, kind=vendor.kind)
    key = "".join(provider.certificate.splitlines()[1:-1])
    in_five_years = f"{timezone.now() + timedelta(days=5 * 365):%Y-%m-%dT%H:%M:%S.000Z}"
    metadata = vendor.metadata.format(certificate=key, in_five_years=in_five_years)
    file = SimpleUploadedFile("metadata.xml", metadata.encode())
    page = address("identityprovider_connect_saml", idp.pk)
    administrator = signed_in(make_owner())
    form = html.fromstring(administrator.get(page).content.decode()).forms[-1]
    proposed = {name: form.fields[name] for name in ("subject_claim", "user_name_claim", "groups_claim")}
    administrator.post(page, {**proposed, **vendor.settings, "metadata_file": file})
    return sso_connections.set_connection_enabled(SSOConnection.objects.get(), True, actor=OPERATOR)


def come_in(client: Client, connection: SSOConnection, vendor: SAMLVendor, provider: SAMLProvider) -> Any:
    """From the button to where the vendor's answer leads."""
    begun = client.get(f"/sso/{connection.slug}/")
    asked = _asked(begun) if connection.sso_binding == "post" else request_of(begun["Location"])
    xml = vendor.response(connection, asked, provider)
    answer = client.post(f"/sso/{connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
    return client.get(answer["Location"]) if answer.status_code == 302 else answer


def _asked(page: Any) -> str:
    """The id of the request in the page's form."""
    (form,) = html.fromstring(page.content.decode()).forms
    return str(etree.fromstring(base64.b64decode(form.fields["SAMLRequest"])).get("ID"))


def who_is(user: User) -> tuple[str, str | None, str, str]:
    return user.username, user.email, user.first_name, user.last_name


def test_every_vendor_is_here_with_its_sources() -> None:
    assert [name.removeprefix("saml_") for name in NAMES] == WANTED.split()
    for vendor in VENDORS.values():
        assert len(vendor.sources) > 1
        assert all(source.startswith("https://") for source in vendor.sources)


def test_its_metadata_are_read(connection: SSOConnection, vendor: SAMLVendor) -> None:
    assert (connection.entity_id, connection.sso_url) == (vendor.entity_id, vendor.sso_url)
    assert (connection.sso_binding, len(connection.certificates)) == (vendor.sso_binding, 1)


def test_whom_it_provisioned_signs_in(
    client: Client, connection: SSOConnection, vendor: SAMLVendor, provider: SAMLProvider
) -> None:
    user = provision(connection.identity_provider, "ada", external_id=vendor.external_id).user
    assert come_in(client, connection, vendor, provider)["Location"] == "/profile/"
    assert is_in(client)
    assert client.session["_auth_user_id"] == str(user.pk)


def test_r21_whom_nobody_provisioned_is_created_with_groups(
    client: Client, connection: SSOConnection, vendor: SAMLVendor, provider: SAMLProvider
) -> None:
    idp = connection.identity_provider
    group = make_group("Builders")
    map_group(push_group(idp, vendor.groups[0]), group)
    set_mode(scim=False)
    SSOConnection.objects.update(creates_users=True, allowed_domains="example.test")
    assert come_in(client, connection, vendor, provider)["Location"] == "/profile/"
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert who_is(user) == vendor.person
    assert members_of(group) == {user.username}
    client.post("/logout/")
    assert come_in(client, connection, vendor, provider)["Location"] == "/profile/"
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("signs", [ONLY_ASSERTION, ONLY_RESPONSE, BOTH], ids="-".join)
def test_google_is_believed_whatever_it_is_told_to_sign(client: Client, tmp_path: Path, signs: tuple[str, ...]) -> None:
    """*Signed response* may be ticked or not."""
    key, certificate = self_signed(tmp_path)
    google = VENDORS["saml_google"]
    provider = SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8"), google.entity_id)
    connection = connect("G", "saml", **{**provider.settings, "sso_url": google.sso_url})
    provision(connection.identity_provider, "ada", external_id=google.external_id)
    vendor = SAMLVendor(**{**vars(google), "signs": signs})
    assert come_in(client, connection, vendor, provider)["Location"] == "/profile/"
