"""Why a sign-in did not work reaches whoever can change it, with what is to be done; others read a calm sentence."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client

from identity.models import IdentityProvider, ProvisioningLog, SSOConnection
from identity.queries.rhythm import with_refusals
from identity.services import sso_connections
from identity.services.sso_connections import ConnectionSettings
from portal.sso import patience
from portal.sso.addresses import public_address
from portal.sso.bad_answers import MOST_CHARACTERS, cause_of, shortened
from portal.sso.outgoing import GuardedSession
from tests.factories import ISSUER, OPERATOR, make_owner, make_user
from tests.portal.admin_pages import text_of
from tests.sessions import signed_in
from tests.sso.conftest import Answer, OIDCProvider, leave
from tests.sso.idp_processes import self_signed
from tests.sso.saml_answers import TRANSIENT, SAMLProvider, encoded, request_id

pytestmark = pytest.mark.django_db

CALM = "did not confirm who you are, or the page was open for too long. Try again from the sign-in page."
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def post(client: Client, connection: SSOConnection, xml: str) -> Any:
    answer = client.post(f"/sso/{connection.slug}/acs/", {"SAMLResponse": encoded(xml)})
    return client.get(answer["Location"]) if answer.status_code == 302 else answer


def good(**wrong: Any) -> Callable[[SAMLProvider, SSOConnection, str, Path], str]:
    return lambda provider, connection, asked, folder: provider.good(connection, asked, **wrong)


def unsigned(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    return provider.response(connection, provider.assertion(connection, asked), asked)


def encrypted(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    inside = '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/>'
    return provider.response(connection, f"<saml:EncryptedAssertion>{inside}</saml:EncryptedAssertion>", asked)


def refused(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
    whole = provider.response(connection, "", asked, status=status)
    message = "<samlp:StatusMessage>&lt;b&gt;not\nassigned, ada@corp.example</samlp:StatusMessage>"
    inner = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:RequestDenied"/></samlp:StatusCode>'
    return whole.replace(f'"{status}"/>', f'"{status}">{inner}{message}')


def elsewhere(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    assertion = provider.signed(provider.assertion(connection, asked))
    return provider.response(connection, assertion, asked, destination="https://old.example/acs")


def by_another_key(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    key, certificate = self_signed(folder)
    return SAMLProvider(key.read_text(encoding="utf-8"), certificate.read_text(encoding="utf-8")).good(
        connection, asked
    )


def in_an_old_way(provider: SAMLProvider, connection: SSOConnection, asked: str, folder: Path) -> str:
    return re.sub(r'(SignatureMethod Algorithm=")[^"]+', rf"\1{RSA_SHA1}", provider.good(connection, asked))


HERE, NAME = "{here}", "{name}"
CAUSES: dict[str, tuple[Any, str, str, str]] = {
    "audience": (
        good(audience="https://other.example"),
        "other_audience",
        f"another audience: expected {NAME}, received https://other.example.",
        "Enter the portal's Entity ID as the audience",
    ),
    "no audience": (good(audience=None), "other_audience", f"expected {NAME}, received none.", "Entity ID"),
    "issuer": (
        good(issuer="https://sts.example/"),
        "other_issuer",
        "another issuer: expected https://saml.example/metadata, received",
        "Import the identity provider's metadata again",
    ),
    "recipient": (
        good(recipient="https://old.example/acs"),
        "other_address",
        f"delivered elsewhere: expected {HERE}, received https://old.example/acs.",
        "Enter the portal's ACS URL",
    ),
    "destination": (elsewhere, "other_address", f"expected {HERE}, received https://old.example/acs.", "ACS URL"),
    "expired": (
        good(until=-900, conditions_until=-900),
        "other_time",
        "not good now: it says NotBefore",
        "NTP",
    ),
    "confirmation expired": (good(until=-900), "other_time", "not good now", "Set the clocks"),
    "another request": (good(answers="_other"), "not_asked_here", "does not answer a request", "InResponseTo"),
    "encrypted": (encrypted, "encrypted", "The assertion is encrypted", "Switch the encryption of assertions off"),
    "unsigned": (unsigned, "not_signed", "Neither the response nor the assertion is signed", "sign the assertion"),
    "another key": (by_another_key, "other_signature", "fits none of the connection's certificates", "metadata again"),
    "SHA-1": (in_an_old_way, "old_signature", "not safe any more: rsa-sha1", "Choose RSA-SHA256"),
    "refused": (
        refused,
        "refused_there",
        "refused: Responder: RequestDenied: <b>not assigned, …@corp.example",
        "Often the person is not assigned",
    ),
    "transient": (good(name_id_format=TRANSIENT), "no_subject", "transient", "Choose persistent"),
    "no moment": (
        good(authenticated="12026-11-30T08:00:00Z"),  # a dateTime of XML Schema, and no year of any calendar here
        "bad_answer",
        "does not say when the person proved who they are (AuthnInstant)",
        "",
    ),
    "nobody": (good(name_id=None), "no_subject", "no NameID", "send a NameID that stays the same"),
}


@pytest.mark.parametrize("wrong", CAUSES)
def test_a_saml_response_that_is_not_believed_says_why_to_administrators_alone(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, tmp_path: Path, wrong: str
) -> None:
    make, code, fact, advice = CAUSES[wrong]
    (tmp_path / "other").mkdir()
    xml = make(saml_provider, saml, request_id(client, saml), tmp_path / "other")
    fact = fact.format(here=public_address("saml_acs", saml), name=public_address("saml_metadata", saml))
    answer = post(client, saml, xml)
    assert answer.status_code == 403
    assert CALM in text_of(answer)
    assert html.escape(fact) not in answer.content.decode()
    (entry,) = ProvisioningLog.objects.all()
    assert (entry.method, entry.code, entry.outcome) == ("SIGN-IN", code, "refused")
    assert fact in entry.summary
    assert advice in entry.shown_details.get("what_to_do", "")
    link = re.search(r'href="(/admin/[^"]+)"', answer.content.decode())
    assert link is not None
    page = text_of(signed_in(make_owner()).get(link[1]))
    assert html.escape(fact) in page or fact in page
    assert advice in page
    assert signed_in(make_user()).get(link[1]).status_code in {302, 403}
    assert client.get(link[1]).status_code == 302


def test_a_claim_that_is_missing_is_told_with_those_that_came(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider
) -> None:
    SSOConnection.objects.update(subject_claim="objectid")
    said = {"attributes": {"mail": ["ada@example.test"], "uid": ["ada"]}}
    answer = post(client, saml, saml_provider.good(saml, request_id(client, saml), **said))
    assert "did not send “objectid”" in text_of(answer)
    entry = ProvisioningLog.objects.get()
    assert entry.code == "no_subject"
    assert "It sent: NameID, auth_time, email, mail, uid." in entry.shown_details["what_to_do"]
    assert "ada@" not in str(entry.details)


UMLAUT = "https://anmeldung.münchen.example/sso"


@pytest.mark.parametrize("way", ["there", "back"])
def test_an_address_that_is_none_for_saml_is_told(
    client: Client, saml: SSOConnection, saml_provider: SAMLProvider, way: str
) -> None:
    said = ConnectionSettings(entity_id=saml.entity_id, sso_url=UMLAUT, certificate=saml.certificate)
    connection = sso_connections.edit_connection(saml, said=said, actor=OPERATOR)
    if way == "there":
        answer = client.get(f"/sso/{connection.slug}/")
    else:
        answer = post(client, connection, saml_provider.good(connection, ""))
    assert (answer.status_code, CALM in text_of(answer)) == (403, True)
    entry = ProvisioningLog.objects.get()
    assert entry.code == "bad_settings"
    assert "can't be used as it is: Invalid dict settings: idp_sso_url_invalid." in entry.summary
    assert "letters outside ASCII" in entry.shown_details["what_to_do"]


def test_a_discovery_document_that_is_none_is_told(client: Client, okta: SSOConnection, provider: OIDCProvider) -> None:
    provider.answers[f"{ISSUER}/.well-known/openid-configuration"] = [provider.discovery]
    assert CALM in text_of(client.get(f"/sso/{okta.slug}/"))
    entry = ProvisioningLog.objects.get()
    assert "The discovery document is none." in entry.summary
    assert "/.well-known/openid-configuration behind it" in entry.shown_details["what_to_do"]


def test_a_flood_of_bad_answers_is_no_flood_of_rows(saml: SSOConnection) -> None:
    for _ in range(20):
        post(Client(), saml, "<x/>")
        post(Client(), saml, "<y/>")
    assert ProvisioningLog.objects.count() == 1


def test_what_anybody_can_send_is_not_counted_among_the_changes_that_were_refused(saml: SSOConnection) -> None:
    post(Client(), saml, "<x/>")
    (provider,) = with_refusals(IdentityProvider.objects.filter(pk=saml.identity_provider_id))
    assert (provider.judged, provider.refused) == (0, 0)


def test_an_answer_to_nothing_says_what_may_be_the_matter(client: Client, saml: SSOConnection) -> None:
    client.force_login(make_owner())
    text = text_of(client.get(f"/sso/{saml.slug}/acs/finish/"))
    assert "people reach the portal by another name than PUBLIC_URL" in text
    assert ProvisioningLog.objects.get().code == "not_asked_here"


# --- OpenID Connect ---


@pytest.mark.parametrize(
    ("said", "fact", "advice"),
    [
        ({"error": "access_denied"}, "refused: access_denied", "Assign the person"),
        (
            {"error": "server_error", "error_description": "AADSTS50105: <script>alert(1)</script> ada@corp.example"},
            "refused: server_error: AADSTS50105: <script>alert(1)</script> …@corp.example",
            "Assign the person to the application there",
        ),
        ({"error": "invalid_scope", "error_description": "x" * 5000}, "refused: invalid_scope: xxx", "scopes openid"),
        ({}, "it gave no reason", ""),
    ],
    ids=["denied", "not assigned", "long", "silent"],
)
def test_the_reason_of_an_openid_provider_is_for_administrators(
    client: Client, okta: SSOConnection, provider: OIDCProvider, said: dict[str, str], fact: str, advice: str
) -> None:
    page = client.get(f"/sso/{okta.slug}/callback/", {"state": leave(client, okta).wishes["state"], **said})
    assert CALM in text_of(page)
    assert html.escape(fact) not in page.content.decode()
    entry = ProvisioningLog.objects.get()
    assert (entry.code, fact in entry.summary) == ("refused_there", True)
    assert len(entry.summary) < MOST_CHARACTERS * 2
    assert advice in entry.shown_details.get("what_to_do", "")
    client.force_login(make_owner())
    page = client.get(f"/sso/{okta.slug}/callback/", {"state": leave(client, okta).wishes["state"], **said})
    assert html.escape(fact) in page.content.decode()
    assert "<script>alert" not in page.content.decode()


def test_a_reason_in_a_link_that_nobody_asked_for_is_not_shown(
    client: Client, okta: SSOConnection, provider: Any
) -> None:
    client.force_login(make_owner())
    page = text_of(client.get(f"/sso/{okta.slug}/callback/?error=x&error_description=call+evil.example&state=y"))
    assert "evil.example" not in page
    assert "evil.example" not in str(list(ProvisioningLog.objects.values()))
    assert "This browser did not begin the sign-in" in page


ENTRA_SECRET = (
    "AADSTS7000222: The provided client secret keys for app '1111' are expired. Visit the Azure portal to create new"
)


def test_a_client_secret_that_has_expired_is_said_so(
    client: Client, okta: SSOConnection, provider: OIDCProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer({"error": "invalid_client", "error_description": ENTRA_SECRET})
    answer.status_code = 401
    monkeypatch.setattr(GuardedSession, "request", lambda self, method, url, **kwargs: answer)
    client.force_login(make_owner())
    leaving = leave(client, okta)
    page = text_of(client.get(f"/sso/{okta.slug}/callback/", {"code": "c", "state": leaving.wishes["state"]}))
    assert "AADSTS7000222" in page
    assert "The client secret has expired at Entra: make a new one under Certificates" in page
    assert "can't be reached" not in page


@pytest.mark.parametrize(
    ("claims", "code", "fact"),
    [
        ({"iss": "https://evil.example"}, "other_issuer", f"expected {ISSUER}, received https://evil.example."),
        ({"aud": ["a", "b"]}, "other_audience", "expected gatehouse, received a, b."),
        ({"exp": 1000}, "other_time", "good until 1 January 1970, 00:16:40"),
        ({"nbf": 10**30}, "other_time", "good from at no readable time"),
        ({"iat": None}, "bad_token", "lacks the claim “iat”"),
    ],
    ids=["issuer", "audience", "time", "no time", "claim"],
)
def test_a_token_that_is_not_believed_says_what_was_expected(
    client: Client, okta: SSOConnection, provider: OIDCProvider, claims: dict[str, Any], code: str, fact: str
) -> None:
    page = provider.sign_in(client, okta, **claims)
    assert CALM in text_of(page)
    entry = ProvisioningLog.objects.get()
    assert (entry.code, fact in entry.summary) == (code, True)


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (patience.Resting("secret"), "was not asked"),
        (patience.Busy("secret"), "was not asked"),
        (patience.TooSlow("secret"), "in time"),
        (requests.exceptions.SSLError("secret"), "certificate for https"),
        (requests.exceptions.ReadTimeout("secret"), "in time"),
        (requests.exceptions.InvalidURL("secret"), "private network"),
        (requests.exceptions.ConnectionError("secret"), "can't be reached"),
        (KeyError("secret"), "can't be read (KeyError)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_causes_quote_nothing(error: Exception, fact: str) -> None:
    cause = cause_of(error)
    assert fact in cause.fact
    assert "secret" not in str(cause)


def test_what_others_wrote_is_bounded_and_names_no_person() -> None:
    assert shortened("a\n\tb\u202e\x00 c") == "a b c"
    assert len(shortened("x" * 100_000)) == MOST_CHARACTERS
    assert shortened("User 'jo.doe+x@corp.example' is unknown") == "User '…@corp.example' is unknown"
