"""Wrong, late, stolen and hostile SAML responses (SR-3, SR-5; SAML 2.0 Profiles 4.1.4)."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from identity.models import SSOConnection, SSOIdentity, User
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.management.connection_options import settings_of
from portal.sso.claims import saml_assertion
from portal.sso.saml import COOKIE, BadAssertion, verified
from tests.factories import OPERATOR, connect, make_idp, provision, set_mode
from tests.sessions import is_in
from tests.sso.idp_processes import self_signed
from tests.sso.saml_answers import EMAIL, TRANSIENT, UNSPECIFIED, SAMLProvider, encoded, request_id, request_of

pytestmark = pytest.mark.django_db

ENTRA_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


@pytest.fixture(autouse=True)
def _ada(saml: SSOConnection) -> None:
    provision(saml.identity_provider, "ada", external_id="ext-1")


def send(client: Client, connection: SSOConnection, xml: str) -> int:
    """Post a response as a browser would, and follow."""
    answer = client.post(f"/sso/{connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
    if answer.status_code == 302:
        answer = client.get(answer["Location"])
    return int(answer.status_code)


def test_a_good_answer_lets_in_once(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    asked = request_id(client, saml)
    xml = saml_provider.good(saml, asked)
    assert send(client, saml, xml) == 302
    assert is_in(client)
    client.post("/logout/")
    assert send(client, saml, xml) == 403
    assert not is_in(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": None},
        {"audience": "https://another-service.example"},
        {"recipient": None},
        {"recipient": "https://another-service.example/acs"},
        {"answers": None},
        {"answers": "_another_request"},
        {"until": None},
        {"until": -3600},
        {"conditions_until": -3600},
        {"issuer": "https://another-idp.example"},
        {"name_id": None},
        {"name_id": ""},
        {"name_id_format": TRANSIENT},
        {"authenticated": "yesterday"},
    ],
    ids=str,
)
def test_an_assertion_that_lacks_something_lets_nobody_in(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, wrong: dict[str, Any]
) -> None:
    xml = saml_provider.good(saml, request_id(client, saml), **wrong)
    assert send(client, saml, xml) == 403
    assert not SSOIdentity.objects.exists()


def test_a_recipient_that_only_contains_our_address_is_another(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    asked = request_id(client, saml)
    ours = re.search(r'Recipient="([^"]+)"', saml_provider.good(saml, asked))
    assert ours is not None
    assert send(client, saml, saml_provider.good(saml, asked, recipient=f"{ours[1]}evil")) == 403
    assertion = saml_provider.signed(saml_provider.assertion(saml, asked))
    elsewhere = saml_provider.response(saml, assertion, asked, destination=f"{ours[1]}evil")
    assert send(client, saml, elsewhere) == 403


def test_an_audience_cut_short_by_a_comment_is_another(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """A comment is no part of what is signed: it must not end the text that is read."""
    asked = request_id(client, saml)
    ours = re.search(r"<saml:Audience>([^<]+)<", saml_provider.good(saml, asked))
    assert ours is not None
    xml = saml_provider.good(saml, asked, audience=f"{ours[1]}.evil.example")
    assert send(client, saml, xml.replace(f"{ours[1]}.evil", f"{ours[1]}<!-- -->.evil")) == 403


def test_a_name_id_with_a_comment_is_read_whole(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    xml = saml_provider.good(saml, request_id(client, saml), name_id="ext-1.evil")
    assert send(client, saml, xml.replace(">ext-1.evil<", ">ext-1<!-- -->.evil<")) == 403
    assert not SSOIdentity.objects.exists()


def test_an_unsigned_assertion_lets_nobody_in(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    asked = request_id(client, saml)
    assertion = saml_provider.assertion(saml, asked)
    assert send(client, saml, saml_provider.response(saml, assertion, asked)) == 403


def test_a_signature_around_the_whole_response_will_do(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """Keycloak and Google can be set so; what is wrong with the assertion stays wrong."""
    asked = request_id(client, saml)
    whole = saml_provider.response(saml, saml_provider.assertion(saml, asked), asked)
    assert send(client, saml, saml_provider.signed(whole).replace(">ext-1<", ">ext-2<")) == 403
    elsewhere = saml_provider.response(saml, saml_provider.assertion(saml, asked, audience="https://other"), asked)
    assert send(client, saml, saml_provider.signed(elsewhere)) == 403
    assert send(client, saml, saml_provider.signed(whole)) == 302
    assert is_in(client)


def test_a_signature_of_another_key_lets_nobody_in(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    key, certificate = self_signed(tmp_path / "other")
    forger = SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8"))
    assert send(client, saml, forger.good(saml, request_id(client, saml))) == 403


def test_a_changed_assertion_lets_nobody_in(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    xml = saml_provider.good(saml, request_id(client, saml), name_id="ext-2")
    assert send(client, saml, xml.replace(">ext-2<", ">ext-1<")) == 403


def wrap_before(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """XSW: a forged assertion before the signed one."""
    forged = provider.assertion(connection, asked, identifier="_forged")
    return provider.response(connection, forged + signed, asked)


def wrap_after(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """XSW: a forged assertion after the signed one."""
    forged = provider.assertion(connection, asked, identifier="_forged")
    return provider.response(connection, signed + forged, asked)


def wrap_inside(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """XSW: the signed assertion hidden inside the forged one."""
    hidden = f"<saml:Advice>{signed}</saml:Advice>"
    forged = provider.assertion(connection, asked, identifier="_forged")
    return provider.response(connection, forged.replace("<saml:AuthnStatement", f"{hidden}<saml:AuthnStatement"), asked)


def wrap_in_extensions(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """XSW: the signed assertion moved into the extensions, with a forged one of its id in its place."""
    forged = provider.assertion(connection, asked, identifier="_assertion")
    xml = provider.response(connection, forged, asked)
    return xml.replace("<samlp:Status>", f"<samlp:Extensions>{signed}</samlp:Extensions><samlp:Status>")


def steal_signature(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """The signature of one assertion put into another."""
    signature = re.search(r"<ds:Signature.*</ds:Signature>", signed, re.DOTALL)
    assert signature is not None
    forged = provider.assertion(connection, asked)
    return provider.response(connection, forged.replace("</saml:Issuer>", f"</saml:Issuer>{signature[0]}", 1), asked)


def wrap_signed_response(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """XSW: a whole signed response hidden in the extensions of a forged one."""
    hidden = provider.signed(provider.response(connection, signed, asked))
    forged = provider.response(connection, provider.assertion(connection, asked, identifier="_forged"), asked)
    forged = forged.replace('ID="_response"', 'ID="_forged_response"')
    return forged.replace("<samlp:Status>", f"<samlp:Extensions>{hidden}</samlp:Extensions><samlp:Status>")


def steal_signature_of_a_failure(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """A signed "login failed", which carries no assertion: its signature moved onto a response that carries one."""
    failure = provider.response(connection, "", asked, status="urn:oasis:names:tc:SAML:2.0:status:Responder")
    failure = provider.signed(failure)
    signature = re.search(r"<ds:Signature.*</ds:Signature>", failure, re.DOTALL)
    assert signature is not None
    forged = provider.response(connection, provider.assertion(connection, asked), asked)
    hidden = failure.replace(signature[0], "")
    forged = forged.replace("</saml:Issuer>", f"</saml:Issuer>{signature[0]}", 1)
    return forged.replace("<samlp:Status>", f"<samlp:Extensions>{hidden}</samlp:Extensions><samlp:Status>", 1)


def add_to_signed_response(provider: SAMLProvider, connection: SSOConnection, asked: str, signed: str) -> str:
    """A forged assertion in place of the one in a signed response."""
    whole = provider.signed(provider.response(connection, signed, asked))
    return whole.replace(">ext-2<", ">ext-1<")


ATTACKS = [
    wrap_before,
    wrap_after,
    wrap_inside,
    wrap_in_extensions,
    steal_signature,
    wrap_signed_response,
    steal_signature_of_a_failure,
    add_to_signed_response,
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("signs", ["assertion", "response"])
def test_a_wrapped_signature_lets_nobody_in(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, attack: Any, signs: str
) -> None:
    """What is signed says ext-2, who is nobody; what is forged says ext-1, who is Ada."""
    asked = request_id(client, saml)
    signed = saml_provider.assertion(saml, asked, name_id="ext-2")
    if signs == "assertion" or attack is steal_signature:
        signed = saml_provider.signed(signed)
    assert send(client, saml, attack(saml_provider, saml, asked, signed)) == 403
    assert not SSOIdentity.objects.exists()


XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms>'


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ('<ds:Reference URI="#', '<ds:Reference URI="https://evil.example/#'),
        ('<ds:Reference URI="#_assertion"', '<ds:Reference URI=""'),
        ("</ds:Reference>", '</ds:Reference><ds:Reference URI="file:///etc/passwd"/>'),
        ("</ds:Transforms>", XSLT),
    ],
    ids=["elsewhere", "everything", "two references", "a program"],
)
def test_a_signature_that_saml_does_not_use_is_not_even_computed(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, part: str, instead: str
) -> None:
    xml = saml_provider.good(saml, request_id(client, saml)).replace(part, instead)
    with pytest.raises(BadAssertion, match="A signature that SAML does not use"):
        verified(saml, encoded(xml))


def test_an_answer_for_another_browser_lets_nobody_in(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """A stolen or planted assertion: the request that it answers was made by somebody else's browser."""
    stolen = saml_provider.good(saml, request_id(Client(), saml))
    request_id(client, saml)
    assert send(client, saml, stolen) == 403
    assert not is_in(client)


def test_a_stolen_assertion_can_not_be_readdressed(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """Only the assertion is signed: the thief writes the own request's id on the response around it."""
    stolen = saml_provider.signed(saml_provider.assertion(saml, request_id(Client(), saml)))
    own = request_id(client, saml)
    assert send(client, saml, saml_provider.response(saml, stolen, own)) == 403
    silent = saml_provider.signed(saml_provider.assertion(saml, answers=None))
    assert send(client, saml, saml_provider.response(saml, silent, own)) == 403


def test_sign_in_that_the_provider_began_begins_again_here(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """A tile of Okta's or Google's: what it says is thrown away, and the browser asks as it should have."""
    tile = {"SAMLResponse": encoded(saml_provider.good(saml, "")), "RelayState": "/profile/?tab=groups"}
    answer = client.post(f"/sso/{saml.slug}/acs/", tile)
    assert answer["Location"] == f"/sso/{saml.slug}/?unasked=1&next=%2Fprofile%2F%3Ftab%3Dgroups"
    assert COOKIE not in client.cookies
    assert not SSOIdentity.objects.exists()
    there = client.get(answer["Location"])
    assert there["Location"].startswith("https://saml.example/sso?SAMLRequest=")
    assert not is_in(client)
    xml = saml_provider.good(saml, request_of(there["Location"]))
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    assert client.get(answer["Location"])["Location"] == "/profile/?tab=groups"
    assert is_in(client)


def test_a_provider_that_only_ever_begins_by_itself_makes_no_loop(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    for path, status in [(f"/sso/{saml.slug}/", 302), ("", 302), ("", 403)]:
        if not path:
            answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(saml_provider.good(saml, ""))})
            path = answer["Location"]
        assert client.get(path).status_code == status
    assert not is_in(client)


def test_after_a_sign_in_a_tile_works_again(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    for _ in range(2):
        tile = {"SAMLResponse": encoded(saml_provider.good(saml, ""))}
        begun = client.get(client.post(f"/sso/{saml.slug}/acs/", tile)["Location"])
        assert send(client, saml, saml_provider.good(saml, request_of(begun["Location"]))) == 302
        assert is_in(client)
        client.post("/logout/")


@pytest.mark.parametrize(
    "wrong", [{"audience": "https://other.example"}, {"issuer": "https://evil.example"}, {"until": -60}], ids=str
)
def test_a_bad_answer_is_no_better_for_having_been_asked_by_nobody(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, wrong: dict[str, Any]
) -> None:
    assert send(client, saml, saml_provider.good(saml, "", **wrong)) == 403


def test_a_tile_leads_to_no_other_site(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    tile = {"SAMLResponse": encoded(saml_provider.good(saml, "")), "RelayState": "https://evil.example/"}
    begun = client.get(client.post(f"/sso/{saml.slug}/acs/", tile)["Location"])
    xml = saml_provider.good(saml, request_of(begun["Location"]))
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    assert client.get(answer["Location"])["Location"] == "/profile/"


def test_half_an_answer_is_none(client: Client, saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    """A stolen assertion answers somebody's request; the thief takes its id off the response around it."""
    stolen = saml_provider.signed(saml_provider.assertion(saml, request_id(Client(), saml)))
    assert send(client, saml, saml_provider.response(saml, stolen, "")) == 403


def test_an_email_that_comes_as_name_id_only_is_an_email(saml: SSOConnection, saml_provider: SAMLProvider) -> None:
    """Google and JumpCloud: the format says what the NameID is; in another one it is no email."""
    for name_id_format, attributes, email in [
        (EMAIL, {}, "ada@corp.example"),
        (UNSPECIFIED, {}, None),
        (EMAIL, {"mail": ["ada@other.example"]}, "ada@other.example"),
    ]:
        said = {"name_id": "ada@corp.example", "name_id_format": name_id_format, "attributes": attributes}
        answer = verified(saml, encoded(saml_provider.good(saml, "_r", **said)))
        assert saml_assertion(saml, answer).email == email


@pytest.mark.parametrize(("name_id_format", "status"), [(EMAIL, 302), (UNSPECIFIED, 403)])
def test_r21_the_domain_of_a_name_id_counts(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, name_id_format: str, status: int
) -> None:
    set_mode(scim=False)
    said = replace(settings_of(saml), creates_users=True, allowed_domains="corp.example")
    sso_connections.edit_connection(saml, said=said, actor=OPERATOR)
    said = {"name_id": "grace@corp.example", "name_id_format": name_id_format, "attributes": {}}
    assert send(client, saml, saml_provider.good(saml, request_id(client, saml), **said)) == status
    client.post("/logout/")
    outsider = {**said, "name_id": "eve@corp.example.evil.example"}
    assert send(client, saml, saml_provider.good(saml, request_id(client, saml), **outsider)) == 403
    assert User.objects.filter(email="grace@corp.example").exists() is (status == 302)
    assert not User.objects.filter(username__startswith="eve").exists()


def test_an_answer_for_one_connection_does_not_open_another(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    other = connect("Two", "saml", **saml_provider.settings)
    xml = saml_provider.good(saml, request_id(client, saml))
    assert send(client, other, xml) == 403
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    assert answer.status_code == 302
    assert client.get(f"/sso/{other.slug}/acs/finish/").status_code == 403


@pytest.mark.parametrize(
    "response",
    [
        "",
        "not base64!",
        base64.b64encode(b"<x/>").decode(),
        "A" * 5000,
        "A" * 300_000,
        encoded('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
        encoded('<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'),
    ],
    ids=["empty", "no base64", "another document", "garbage", "huge", "external entity", "entities"],
)
def test_what_is_no_signed_response_is_not_even_kept(client: Client, saml: SSOConnection, response: str) -> None:
    answer = client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": response})
    assert answer.status_code == 403
    assert not Session.objects.exists()
    assert COOKIE not in client.cookies


def test_the_cookie_of_the_redirect_is_out_of_reach_of_scripts(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    xml = saml_provider.good(saml, request_id(client, saml))
    client.post(f"/sso/{saml.slug}/acs/", {"SAMLResponse": encoded(xml)})
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", f"/sso/{saml.slug}/acs/finish/")


def test_while_the_provider_changes_its_key_both_are_good(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    key, certificate = self_signed(tmp_path / "new")
    said = ConnectionSettings(
        entity_id=saml.entity_id,
        sso_url=saml.sso_url,
        certificate=saml.certificate + "\n" + certificate.read_text(encoding="utf-8"),
    )
    saml = sso_connections.edit_connection(saml, said=said, actor=OPERATOR)
    for signer in (
        saml_provider,
        SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8")),
    ):
        assert send(client, saml, signer.good(saml, request_id(client, saml))) == 302
        client.post("/logout/")


def test_the_attribute_with_the_external_id_is_the_subject_where_one_is_chosen(
    client: Client, saml_provider: SAMLProvider
) -> None:
    """A NameID that is an email goes to the next person of that name; the object id does not."""
    idp = make_idp("Entra", kind="entra")
    connection = connect(idp, "saml", **saml_provider.settings)
    provision(idp, "jo", external_id="object-1")
    xml = saml_provider.good(
        connection, request_id(client, connection), name_id="jo@example.test", attributes={ENTRA_ID: ["object-1"]}
    )
    assert send(client, connection, xml) == 302
    assert SSOIdentity.objects.get().subject == f"saml:{ENTRA_ID}=object-1"
    client.post("/logout/")
    namesake = saml_provider.good(
        connection, request_id(client, connection), name_id="jo@example.test", attributes={ENTRA_ID: ["object-2"]}
    )
    assert send(client, connection, namesake) == 403
    silent = saml_provider.good(connection, request_id(client, connection), name_id="jo@example.test")
    assert send(client, connection, silent) == 403


def test_a_fresh_sign_in_is_asked_for_and_believed_only_if_it_was_one(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    """SR-11: the provider says when the person logged in there, and an hour ago is not fresh."""
    send(client, saml, saml_provider.good(saml, request_id(client, saml), authenticated=-3600))
    old = client.session["signed_in_at"]
    send(client, saml, saml_provider.good(saml, request_id(client, saml, "?again"), authenticated=0))
    assert client.session["signed_in_at"] - old > 3000


def test_metadata_name_our_addresses_and_no_single_logout(client: Client, saml: SSOConnection) -> None:
    text = client.get(f"/sso/{saml.slug}/metadata/").content.decode()
    assert f"/sso/{saml.slug}/acs/" in text
    assert 'WantAssertionsSigned="true"' in text
    assert "SingleLogoutService" not in text
    assert "validUntil" not in text
    assert "cacheDuration" not in text
    assert client.get(f"/sso/{saml.slug}/sls/").status_code == 404
