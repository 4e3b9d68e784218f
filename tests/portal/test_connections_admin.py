"""SSO connections on the identity provider's page: set up, tested, switched on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from identity.core.encryption import unseal
from identity.models import AuditEvent, SSOConnection
from portal.sso.saml_metadata import BadMetadata, read_metadata
from tests.factories import make_idp, make_support, make_user
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator, signed_in
from tests.sso.idp_processes import self_signed
from tests.sso.saml_answers import metadata

pytestmark = pytest.mark.django_db

CLAIMS = {"subject_claim": "NameID", "user_name_claim": "NameID"}
OIDC = {
    "issuer": "https://okta.example/.well-known/openid-configuration",
    "client_id": "gatehouse",
    "client_secret": "s3cret",
    "subject_claim": "sub",
    "user_name_claim": "preferred_username",
}


def certificate(folder: Path) -> str:
    """The body of a certificate's PEM."""
    folder.mkdir(exist_ok=True)
    return "".join(self_signed(folder)[1].read_text(encoding="utf-8").splitlines()[1:-1])


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("metadata.xml", text.encode(), content_type="text/xml")


def test_a_metadata_file_is_uploaded(tmp_path: Path) -> None:
    idp = make_idp("Corporate")
    client = as_administrator()
    page = address("identityprovider_connect_saml", idp.pk)
    assert b'enctype="multipart/form-data"' in client.get(page).content
    sent = {**CLAIMS, "metadata_file": upload(metadata(certificate(tmp_path)))}
    answer = client.post(page, sent, follow=True)
    connection = SSOConnection.objects.get()
    assert (connection.entity_id, connection.sso_url) == ("https://idp.example/metadata", "https://idp.example/sso")
    assert len(connection.certificates) == 1
    assert f"/sso/{connection.slug}/acs/" in text_of(answer)
    assert not connection.is_enabled
    assert "CN=Test IdP, until" in text_of(answer)
    assert "Ends soon" in text_of(answer)


def test_metadata_with_two_keys_keep_both(tmp_path: Path) -> None:
    keys = [certificate(tmp_path / "old"), certificate(tmp_path / "new")]
    client = as_administrator()
    sent = {**CLAIMS, "metadata": metadata(*keys)}
    client.post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert ["".join(pem.splitlines()[1:-1]) for pem in SSOConnection.objects.get().certificates] == keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not XML",
        "<x/>",
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        metadata(),
        metadata("bm90IGEgY2VydGlmaWNhdGU="),
    ],
    ids=["empty", "no xml", "another document", "external entity", "entities", "no key", "no certificate"],
)
def test_a_file_that_is_no_metadata_is_refused_in_words(text: str) -> None:
    client = as_administrator()
    sent = {**CLAIMS, "metadata_file": upload(text)}
    answer = client.post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert answer.status_code in {200, 400}
    assert not SSOConnection.objects.exists()


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    sent = {**CLAIMS, "metadata_file": upload(metadata(certificate(tmp_path)) + " " * 500_000)}
    answer = as_administrator().post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert "never as large as this file" in text_of(answer)
    assert not SSOConnection.objects.exists()


def test_what_is_wrong_stands_beside_its_field() -> None:
    sent = {**CLAIMS, "entity_id": "https://idp.example", "sso_url": "http://idp.example/sso", "certificate": "MIIB"}
    page = address("identityprovider_connect_saml", make_idp().pk)
    client = as_administrator()
    assert client.post(page, sent).context["form"].errors == {"sso_url": ["SSO URL must begin with https://."]}
    sent["sso_url"] = "https://idp.example/sso"
    assert client.post(page, sent).context["form"].errors == {
        "certificate": ["certificate is not an X.509 certificate."]
    }


def test_metadata_of_a_service_are_not_those_of_a_provider() -> None:
    with pytest.raises(BadMetadata):
        read_metadata('<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>')


def test_metadata_are_not_fetched_from_inside_the_network() -> None:
    sent = {**CLAIMS, "metadata_url": "https://127.0.0.1/metadata"}
    answer = as_administrator().post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert "Upload the file instead" in text_of(answer)


def test_an_openid_connect_client_is_set_up_and_its_secret_sealed() -> None:
    client = as_administrator()
    answer = client.post(address("identityprovider_connect_oidc", make_idp("Okta", kind="okta").pk), OIDC, follow=True)
    connection = SSOConnection.objects.get()
    assert connection.issuer == "https://okta.example"
    assert "s3cret" not in connection.client_secret
    assert unseal(connection.client_secret) == "s3cret"
    page = text_of(answer)
    assert f"/sso/{connection.slug}/callback/" in page
    assert "s3cret" not in page
    assert "s3cret" not in str(list(AuditEvent.objects.values_list("details", flat=True)))


@pytest.mark.parametrize(
    ("kind", "protocol", "claim"),
    [
        ("okta", "oidc", "sub"),
        ("entra", "oidc", "oid"),
        ("entra", "saml", "http://schemas.microsoft.com/identity/claims/objectidentifier"),
        ("other", "saml", "NameID"),
    ],
)
def test_the_claims_of_known_providers_are_filled_in(kind: str, protocol: str, claim: str) -> None:
    page = as_administrator().get(address(f"identityprovider_connect_{protocol}", make_idp(kind=kind).pk))
    assert page.context["form"].initial["subject_claim"] == claim


def test_a_new_secret_replaces_the_old_and_none_keeps_it() -> None:
    client = as_administrator()
    client.post(address("identityprovider_connect_oidc", make_idp().pk), OIDC)
    connection = SSOConnection.objects.get()
    edit = address("ssoconnection_edit", connection.pk)
    assert "s3cret" not in client.get(edit).content.decode()
    client.post(edit, {**OIDC, "client_secret": ""})
    assert unseal(SSOConnection.objects.get().client_secret) == "s3cret"
    client.post(edit, {**OIDC, "client_secret": "another"})
    assert unseal(SSOConnection.objects.get().client_secret) == "another"


@pytest.mark.parametrize("page", ["connect_oidc", "connect_saml"])
@pytest.mark.parametrize("make", [make_user, make_support])
def test_others_set_up_nothing(page: str, make: Any) -> None:
    client = signed_in(make())
    answer = client.post(address(f"identityprovider_{page}", make_idp().pk), OIDC)
    assert answer.status_code in {302, 403}
    assert not SSOConnection.objects.exists()


def test_setting_one_up_needs_a_fresh_sign_in() -> None:
    client = as_administrator(fresh=False)
    answer = client.post(address("identityprovider_connect_oidc", make_idp().pk), OIDC)
    assert answer["Location"].startswith("/confirm-password/")
    assert not SSOConnection.objects.exists()
