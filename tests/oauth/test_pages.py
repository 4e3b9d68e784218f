"""Trusts and limits of tokens at the admin site."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from identity.models import SCIMToken, SCIMTrust
from tests.clients import idp_of
from tests.factories import make_idp, make_token, make_user
from tests.oauth.workloads import ISSUER, SUBJECT, Workload, key_set, trust_of
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator

pytestmark = pytest.mark.django_db

FORM = {
    "label": "Entra provisioning",
    "issuer": ISSUER,
    "subject": SUBJECT,
    "audiences": "api://b5ba7a93-4452-4522-aeb4-a2b5da870c16/.default",
    "key_set": key_set(),
}


def test_a_trust_is_set_up_and_its_page_says_what_to_enter() -> None:
    idp, client = make_idp("Entra ID", kind="entra"), as_administrator()
    asked = client.get(address("identityprovider_create_trust", idp.pk))
    assert 'id="id_requires_id"' in asked.content.decode()
    assert not re.search(r'id="id_requires_id"[^>]*checked', asked.content.decode())
    there = client.post(address("identityprovider_create_trust", idp.pk), FORM)
    trust = SCIMTrust.objects.get()
    assert there["Location"] == address("scimtrust_change", trust.pk)
    page = text_of(client.get(there["Location"]))
    for told in (trust.client_id, f"{settings.PUBLIC_URL}/scim/oauth/token", ISSUER, SUBJECT, "Not used yet"):
        assert told in page
    assert "api://b5ba7a93-4452-4522-aeb4-a2b5da870c16 or b5ba7a93" in page
    assert "Workload Identity Federation" in page


def test_what_is_wrong_stands_at_its_field() -> None:
    client, url = as_administrator(), address("identityprovider_create_trust", make_idp().pk)
    answer = client.post(url, {**FORM, "networks": "everywhere"})
    assert answer.status_code == 400
    assert "must be networks such as" in text_of(answer)
    assert client.post(url, {**FORM, "key_set": ""}).status_code == 400
    assert not SCIMTrust.objects.exists()


def test_the_last_refusal_is_told_on_the_pages_of_the_trust_and_its_provider() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    workload.ask(workload.assertion(aud="api://another"))
    told = "The audience (aud) is api://another, expected api://gatehouse."
    for url in (
        address("scimtrust_change", workload.trust.pk),
        address("identityprovider_change", workload.trust.identity_provider_id),
        address("identityprovider_set_up", workload.trust.identity_provider_id),
    ):
        assert told in text_of(client.get(url))
    assert "Refused" in text_of(client.get(address("scimtrust_changelist")))
    workload.ask()
    assert "Working" in text_of(client.get(address("scimtrust_changelist")))


def test_an_assertion_that_is_pasted_is_checked_and_kept_nowhere() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    assertion = workload.assertion(sub="other", exp=1)
    answer = client.post(address("scimtrust_check", workload.trust.pk), {"assertion": f"{assertion}\n"})
    page = text_of(answer)
    assert "no-store" in answer["Cache-Control"]
    assert f"Failed The subject (sub) is other, expected {SUBJECT}." in page
    assert "Failed It expired at 1 January 1970" in page
    assert page.count("Failed") == 2
    forged = Workload(workload.trust, key="attacker").assertion(headers={"kid": "k1"})
    page = text_of(client.post(address("scimtrust_check", workload.trust.pk), {"assertion": forged}))
    assert page.count("Not checked") == 6
    assert SCIMTrust.objects.get().last_refusal is None


def test_foreign_text_of_an_assertion_is_only_text() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    workload.ask(workload.assertion(sub="<script>alert(1)</script>"))
    page = client.get(address("scimtrust_change", workload.trust.pk)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_trust_is_changed_and_deleted() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    idp = workload.idp()
    form = client.get(address("scimtrust_edit", workload.trust.pk)).context["form"].initial
    client.post(address("scimtrust_edit", workload.trust.pk), {**form, "label": "Renamed"})
    assert (SCIMTrust.objects.get().label, idp.get("/Users").status_code) == ("Renamed", 200)
    there = client.post(address("scimtrust_delete", workload.trust.pk), {})
    assert there["Location"] == address("identityprovider_change", workload.trust.identity_provider_id)
    assert idp.get("/Users").status_code == 401


def test_for_privileged_people_the_pages_name_an_owner() -> None:
    trust, client = trust_of(make_idp()), as_administrator()
    make_user("boss", role="administrator", managed_by=trust.identity_provider)
    make_token(trust.identity_provider)
    for url in (
        address("identityprovider_create_trust", trust.identity_provider_id),
        address("scimtrust_edit", trust.pk),
        address("scimtoken_edit", SCIMToken.objects.get().pk),
    ):
        answer = client.get(url)
        assert (answer.status_code, "owner" in text_of(answer)) == (403, True)


def test_a_token_s_limits_are_set_on_its_pages() -> None:
    idp, client = make_idp(), as_administrator()
    said = {"label": "Reports", "networks": "192.0.2.0/24, 198.51.100.7", "is_read_only": "on"}
    client.post(address("identityprovider_create_token", idp.pk), said)
    token = SCIMToken.objects.get()
    assert (token.networks, token.is_read_only) == ("192.0.2.0/24 198.51.100.7/32", True)
    page = text_of(client.get(address("identityprovider_change", idp.pk)))
    assert "Reads only" in page
    assert "192.0.2.0/24" in page
    client.post(address("scimtoken_edit", token.pk), {"label": "Reports", "networks": ""})
    token.refresh_from_db()
    assert (token.networks, token.is_read_only) == ("", False)
    assert "Everywhere" in text_of(client.get(address("scimtoken_change", token.pk)))


def test_access_tokens_stand_in_no_list() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    workload.idp()
    assert "No SCIM tokens yet" in text_of(client.get(address("scimtoken_changelist")))
    assert client.get(address("scimtoken_change", SCIMToken.objects.get().pk)).status_code in {302, 404}


def test_tokens_that_are_pasted_are_switched_off_on_the_provider_s_page() -> None:
    workload, client = Workload(trust_of(make_idp())), as_administrator()
    idp = workload.trust.identity_provider
    pasted = idp_of(idp)
    said = {"name": idp.name, "kind": idp.kind, "refuses_static_tokens": "on"}
    answer = client.post(address("identityprovider_edit", idp.pk), said)
    assert (answer.status_code, "needs a SCIM trust" in text_of(answer)) == (400, True)
    workload.idp()
    client.post(address("identityprovider_edit", idp.pk), said)
    assert pasted.get("/Users").status_code == 401
    assert "SCIM tokens are refused" in text_of(client.get(address("identityprovider_change", idp.pk)))
