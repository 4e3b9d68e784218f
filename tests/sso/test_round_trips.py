"""Signing in through real identity providers, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from identity.models import AuditEvent, SSOIdentity, User
from tests.factories import provision, set_mode
from tests.sso.conftest import Running

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_provisioned_person_signs_in_over_openid_connect(page: Page, oidc: Running) -> None:
    oidc.idp.knows("00u1", preferred_username="ada", email="ada@example.test")
    user = provision(oidc.provider, "ada", external_id="00u1").user
    oidc.sign_in(page, "00u1")
    expect(page).to_have_url(re.compile(r"/profile/$"))
    identity = SSOIdentity.objects.get()
    assert (identity.subject, identity.user) == ("00u1", user)
    user.refresh_from_db()
    assert user.last_active is not None
    assert AuditEvent.objects.filter(action="user.login", details__method="oidc").count() == 1


def test_a_provisioned_person_signs_in_over_saml(page: Page, saml: Running) -> None:
    saml.idp.knows("ada", nameId="ext-1", attributes={"mail": "ada@example.test"})
    user = provision(saml.provider, "ada", external_id="ext-1").user
    saml.sign_in(page, "ada")
    expect(page).to_have_url(re.compile(r"/profile/$"))
    identity = SSOIdentity.objects.get()
    assert (identity.subject, identity.user) == ("saml:ext-1", user)


@pytest.mark.parametrize("protocol", ["oidc", "saml"])
def test_the_page_that_was_asked_for_survives_the_round_trip(
    page: Page, protocol: str, request: pytest.FixtureRequest
) -> None:
    running: Running = request.getfixturevalue(protocol)
    running.idp.knows("x", nameId="x", attributes={"mail": "ada@example.test"})
    provision(running.provider, "ada", external_id="x")
    running.sign_in(page, "x", at="/login/?next=/profile/%3Ftab%3Dgroups")
    expect(page).to_have_url(re.compile(r"/profile/\?tab=groups$"))


def test_who_was_not_provisioned_is_told_why(page: Page, oidc: Running) -> None:
    oidc.idp.knows("stranger", preferred_username="stranger")
    oidc.sign_in(page, "stranger")
    expect(page.get_by_text("Okta has not sent you to this portal yet")).to_be_visible()
    assert not User.objects.filter(username_key="stranger").exists()
    page.goto("/profile/")
    expect(page).to_have_url(re.compile("/login/"))


def test_another_site_can_not_be_landed_on(page: Page, oidc: Running) -> None:
    oidc.idp.knows("00u1", preferred_username="ada")
    provision(oidc.provider, "ada", external_id="00u1")
    oidc.sign_in(page, "00u1", at="/login/?next=https://evil.example/")
    expect(page).to_have_url(re.compile(r"^http://[^/]+/profile/$"))


def test_sso_sign_in_goes_on_when_sso_is_enforced_meanwhile(page: Page, oidc: Running) -> None:
    oidc.idp.knows("00u1", preferred_username="ada")
    user = provision(oidc.provider, "ada", external_id="00u1").user
    user.set_password("whatever")
    user.save()
    oidc.sign_in(page, "00u1")
    set_mode(sso=True)
    page.goto("/profile/")
    expect(page).to_have_url(re.compile("/profile/$"))
