"""Where people are sent to sign in: SSO URLs, bindings and metadata as real providers have them (issue: vendors)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import etree, html

from identity.core.errors import InvalidValue
from identity.models import SSOConnection
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.sso.outgoing import GuardedSession
from portal.sso.saml_metadata import BadMetadata, read_metadata
from tests import clock
from tests.clients import caller, ok
from tests.factories import OPERATOR, make_idp, make_owner, provision
from tests.portal.admin_pages import address, text_of
from tests.portal.shell import answer as answered
from tests.portal.shell import run
from tests.sessions import is_in, signed_in
from tests.sso.idp_processes import self_signed
from tests.sso.saml_answers import SAMLProvider, encoded, metadata

pytestmark = pytest.mark.django_db

GOOGLE = "https://accounts.google.com/o/saml2/idp?idpid=C01abc2de"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The body of a certificate."""
    return "".join(self_signed(tmp_path)[1].read_text(encoding="utf-8").splitlines()[1:-1])


def pem(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


def by_page(idp: Any, key: str, tmp_path: Path) -> None:
    sent = {"entity_id": "https://idp.example", "sso_url": GOOGLE, "certificate": pem(key)}
    claims = {"subject_claim": "NameID", "user_name_claim": "NameID"}
    signed_in(make_owner()).post(address("identityprovider_connect_saml", idp.pk), sent | claims)


def by_metadata(idp: Any, key: str, tmp_path: Path) -> None:
    xml = metadata(key).replace("https://idp.example/sso", GOOGLE)
    sent = {"metadata_file": SimpleUploadedFile("m.xml", xml.encode()), "subject_claim": "NameID"}
    answer = signed_in(make_owner()).post(
        address("identityprovider_connect_saml", idp.pk), sent | {"user_name_claim": "NameID"}, follow=True
    )
    assert GOOGLE in text_of(answer)


def by_rest(idp: Any, key: str, tmp_path: Path) -> None:
    said = {"entity_id": "https://idp.example", "sso_url": GOOGLE, "certificate": pem(key)}
    script = caller(make_owner())
    ok(script.post("sso-connections/", {"identity_provider": idp.pk, "protocol": "saml", **said}))


def by_command(idp: Any, key: str, tmp_path: Path) -> None:
    (tmp_path / "idp.pem").write_text(pem(key), encoding="utf-8")
    said = ("--entity-id", "https://idp.example", "--sso-url", GOOGLE, "--certificate", str(tmp_path / "idp.pem"))
    run("create_sso_connection", idp.name, "saml", *said)


@pytest.mark.parametrize("door", [by_page, by_metadata, by_rest, by_command])
def test_an_sso_url_with_a_query_is_taken_at_every_door(client: Client, key: str, tmp_path: Path, door: Any) -> None:
    door(make_idp("Google", kind="google"), key, tmp_path)
    connection = SSOConnection.objects.get()
    sso_connections.set_connection_enabled(connection, True, actor=OPERATOR)
    there = urlsplit(client.get(f"/sso/{connection.slug}/")["Location"])
    query = parse_qs(there.query)
    assert (there.netloc + there.path, query["idpid"]) == ("accounts.google.com/o/saml2/idp", ["C01abc2de"])
    assert len(query["SAMLRequest"]) == 1


@pytest.mark.parametrize(
    "url", ["https://a.example/sso#x", "https://u:p@a.example/", "https://a.example/a b?c", "/sso"]
)
def test_what_is_no_address_is_still_refused(saml: SSOConnection, url: str) -> None:
    said = ConnectionSettings(entity_id="e", sso_url=url, certificate=saml.certificate)
    with pytest.raises(InvalidValue, match="SSO URL"):
        sso_connections.edit_connection(saml, said=said, actor=OPERATOR)


def test_a_query_has_no_place_in_an_issuer() -> None:
    said = ConnectionSettings(issuer="https://a.example/?x=1", client_id="c", client_secret="s")
    with pytest.raises(InvalidValue, match="issuer"):
        sso_connections.create_connection(make_idp(), protocol="oidc", said=said, actor=OPERATOR)


# --- HTTP-POST ---


def posting(saml: SSOConnection, url: str = "https://sso.jumpcloud.com/saml2/portal?a=1&b=%22") -> SSOConnection:
    said = ConnectionSettings(entity_id=saml.entity_id, sso_url=url, sso_binding="post", certificate=saml.certificate)
    return sso_connections.edit_connection(saml, said=said, actor=OPERATOR)


def asked(client: Client, connection: SSOConnection, query: str = "") -> tuple[Any, Any, Any]:
    """The page, its form, and the AuthnRequest in it."""
    page = client.get(f"/sso/{connection.slug}/{query}")
    (form,) = html.fromstring(page.content.decode()).forms
    return page, form, etree.fromstring(base64.b64decode(form.fields["SAMLRequest"]))


def test_the_request_goes_by_post_where_the_provider_wants_it(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    connection = posting(saml)
    provision(saml.identity_provider, "ada", external_id="ext-1")
    page, form, request = asked(client, connection, "?again&next=/profile/%3Ftab=groups")
    assert (page.status_code, form.method, form.action) == (200, "POST", connection.sso_url)
    assert list(form.fields) == ["SAMLRequest"]
    assert request.get("Destination") == connection.sso_url
    assert request.get("ForceAuthn") == "true"
    assert request.get("AssertionConsumerServiceURL").endswith(f"/sso/{saml.slug}/acs/")
    xml = saml_provider.good(saml, request.get("ID"), authenticated=0)
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    assert client.get(answer["Location"])["Location"] == "/profile/?tab=groups"
    assert is_in(client)


def test_only_that_page_may_send_its_form_elsewhere(client: Client, saml: SSOConnection) -> None:
    page, _, _ = asked(client, posting(saml))
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == "'self' https: https://sso.jumpcloud.com"
    assert policy["script-src"] == "'self'"
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert "form-action 'self'" in client.get("/login/")["Content-Security-Policy"]
    assert "https:" not in client.get("/login/")["Content-Security-Policy"]


def test_a_posted_request_is_answered_once_and_in_its_own_browser(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    connection = posting(saml)
    provision(saml.identity_provider, "ada", external_id="ext-1")
    _, _, request = asked(client, connection)
    xml = saml_provider.good(saml, request.get("ID"))
    thief = Client()
    asked(thief, connection)
    for browser, status in ((thief, 403), (client, 302), (client, 403)):
        answer = browser.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
        assert browser.get(answer["Location"]).status_code == status
    assert not is_in(thief)


def test_the_binding_is_shown_and_changed_at_every_door(saml: SSOConnection) -> None:
    owner = make_owner()
    script = caller(owner)
    path = f"sso-connections/{saml.pk}/"
    assert ok(script.get(path))["sso_binding"] == "redirect"
    assert ok(script.patch(path, {"sso_binding": "post"}))["sso_binding"] == "post"
    assert script.patch(path, {"sso_binding": "artifact"}).status_code == 400
    assert "(HTTP-POST)" in text_of(signed_in(owner).get(address("ssoconnection_change", saml.pk)))
    run("edit_sso_connection", saml.slug, "--sso-binding", "redirect")
    shown = answered("list_sso_connections")
    assert [row["sso_binding"] for row in shown] == ["redirect"]
    said = ConnectionSettings(
        entity_id="e", sso_url="https://a.example/", sso_binding="soap", certificate=saml.certificate
    )
    with pytest.raises(InvalidValue, match="SSO binding must be one of redirect, post"):
        sso_connections.edit_connection(saml, said=said, actor=OPERATOR)


# --- metadata ---


def with_binding(xml: str, *bindings: str) -> str:
    """The same with these bindings, each at an address of its own."""
    start, end = xml.index("<md:SingleSignOnService"), xml.index("</md:IDPSSODescriptor>")
    services = "".join(
        f'<md:SingleSignOnService Binding="{binding}" Location="https://idp.example/{number}"/>'
        for number, binding in enumerate(bindings)
    )
    return xml[:start] + services + xml[end:]


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([POST], ("post", "https://idp.example/0")),
        ([POST, REDIRECT], ("redirect", "https://idp.example/1")),
        (["urn:oasis:names:tc:SAML:2.0:bindings:SOAP", POST], ("post", "https://idp.example/1")),
    ],
    ids=["JumpCloud", "both", "SOAP, too"],
)
def test_metadata_say_how_to_get_there(key: str, bindings: list[str], expected: tuple[str, str]) -> None:
    found = read_metadata(with_binding(metadata(key), *bindings))
    assert (found["sso_binding"], found["sso_url"]) == expected


def test_metadata_without_a_way_in_say_so(key: str) -> None:
    soap = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
    with pytest.raises(BadMetadata, match="no address for signing in by HTTP-Redirect or HTTP-POST"):
        read_metadata(with_binding(metadata(key), soap))


@pytest.mark.parametrize("part", ["md:EntityDescriptor", "md:IDPSSODescriptor", "md:EntitiesDescriptor"])
@pytest.mark.parametrize(
    ("until", "taken"),
    [
        ("2028-03-01T00:00:00Z", True),
        ("2028-02-29T00:00:00Z", False),
        ("2020", False),
        ("2020-02-30T00:00:00Z", False),
    ],
)
@clock.at("2028-02-29T23:59:59")
def test_metadata_that_have_expired_are_not_taken_in_silence(key: str, part: str, until: str, taken: bool) -> None:
    xml = f'<md:EntitiesDescriptor xmlns:md="{MD}">{metadata(key)}</md:EntitiesDescriptor>'
    xml = xml.replace(f"<{part} ", f'<{part} validUntil="{until}" ')
    if taken:
        assert read_metadata(xml)["entity_id"] == "https://idp.example/metadata"
        return
    with pytest.raises(BadMetadata, match=r"valid until|until when they are valid"):
        read_metadata(xml)


def test_metadata_are_fetched_from_their_address(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = requests.Response()
    found.status_code, found._content = 200, metadata(key).encode()
    monkeypatch.setattr(GuardedSession, "get", lambda self, url: found if url == "https://idp.example/md" else None)
    sent = {"metadata_url": "https://idp.example/md", "subject_claim": "NameID", "user_name_claim": "NameID"}
    signed_in(make_owner()).post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert SSOConnection.objects.get().sso_url == "https://idp.example/sso"


def test_an_address_that_answers_with_an_error_has_no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = requests.Response()
    missing.status_code = 404
    monkeypatch.setattr(GuardedSession, "get", lambda self, url: missing)
    sent = {"metadata_url": "https://idp.example/md", "subject_claim": "NameID", "user_name_claim": "NameID"}
    answer = signed_in(make_owner()).post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert "could not be fetched from this address. Upload the file instead." in text_of(answer)
    assert not SSOConnection.objects.exists()


def test_an_expired_file_is_refused_on_the_page_in_words(key: str) -> None:
    xml = metadata(key).replace("<md:IDPSSODescriptor ", '<md:IDPSSODescriptor validUntil="2024-05-03T10:00:00Z" ')
    sent = {"metadata": xml, "subject_claim": "NameID", "user_name_claim": "NameID"}
    answer = signed_in(make_owner()).post(address("identityprovider_connect_saml", make_idp().pk), sent)
    assert "These metadata were valid until 3 May 2024. Get new ones from the identity provider." in text_of(answer)
    assert not SSOConnection.objects.exists()


def federation(key: str, *names: str) -> str:
    inner = "".join(metadata(key, origin=f"https://{name}.example") for name in names)
    return f'<md:EntitiesDescriptor xmlns:md="{MD}">{inner}</md:EntitiesDescriptor>'


def test_metadata_of_several_providers_need_a_name(key: str) -> None:
    xml = federation(key, *"abcdefg")
    with pytest.raises(BadMetadata, match=r"several identity providers: https://a\.example/metadata, .* and 2 more\."):
        read_metadata(xml)
    with pytest.raises(BadMetadata, match="several"):
        read_metadata(xml, "https://z.example/metadata")
    with pytest.raises(BadMetadata, match=r"providers: https://a\.example/metadata, https://b\.example/metadata\. Say"):
        read_metadata(federation(key, "a", "b"))
    assert read_metadata(federation(key, "a", "b"), "https://b.example/metadata")["sso_url"] == "https://b.example/sso"
    assert read_metadata(xml, "https://c.example/metadata")["sso_url"] == "https://c.example/sso"
    sent = {"metadata": xml, "entity_id": "https://b.example/metadata", "subject_claim": "NameID"}
    signed_in(make_owner()).post(
        address("identityprovider_connect_saml", make_idp().pk), sent | {"user_name_claim": "NameID"}
    )
    assert SSOConnection.objects.get().sso_url == "https://b.example/sso"


def test_the_one_provider_among_services_is_found(key: str) -> None:
    service = f'<md:EntityDescriptor xmlns:md="{MD}" entityID="x"><md:SPSSODescriptor/></md:EntityDescriptor>'
    old = metadata(key, origin="https://old.example").replace("SAML:2.0:protocol", "SAML:1.1:protocol")
    xml = f'<md:EntitiesDescriptor xmlns:md="{MD}">{service}{old}{metadata(key)}</md:EntitiesDescriptor>'
    assert read_metadata(xml)["entity_id"] == "https://idp.example/metadata"


def test_a_key_for_encryption_signs_nothing(key: str) -> None:
    xml = metadata(key).replace('use="signing"', 'use="encryption"')
    with pytest.raises(BadMetadata, match="no signing certificate"):
        read_metadata(xml)
    assert read_metadata(metadata(key, key))["certificate"].count("BEGIN") == 1
