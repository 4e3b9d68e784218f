"""Signing in through real identity providers, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from identity.models import AuditEvent, SSOConnection, SSOIdentity, User
from identity.services import sso_connections, users
from identity.services.provisioning import groups as sso_groups
from tests.browser.sso.conftest import Running
from tests.factories import OPERATOR, PASSWORD, make_group, map_group, members_of, provision, set_mode

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


def test_the_request_is_carried_by_post_where_the_provider_wants_it(page: Page, saml: Running) -> None:
    saml.idp.knows("ada", nameId="ext-1", attributes={"mail": "ada@example.test"})
    provision(saml.provider, "ada", external_id="ext-1")
    SSOConnection.objects.update(sso_binding="post")
    saml.sign_in(page, "ada")
    expect(page).to_have_url(re.compile("/profile/$"))


def test_a_tile_of_the_provider_leads_into_the_portal(page: Page, saml: Running) -> None:
    saml.idp.knows("ada", nameId="ext-1", attributes={"mail": "ada@example.test"})
    provision(saml.provider, "ada", external_id="ext-1")
    page.goto(saml.connection.sso_url)
    page.get_by_label("Login").fill("ada")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/profile/$"))


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


MODES = [(scim, sso) for scim in (True, False) for sso in (True, False)]


@pytest.mark.parametrize("protocol", ["oidc", "saml"])
@pytest.mark.parametrize(("scim", "sso"), MODES)
def test_provisioned_people_sign_in_in_all_four_modes(
    page: Page, protocol: str, request: pytest.FixtureRequest, scim: bool, sso: bool
) -> None:
    running: Running = request.getfixturevalue(protocol)
    running.idp.knows("00u1", preferred_username="ada", nameId="00u1", attributes={"mail": "ada@example.test"})
    provision(running.provider, "ada", external_id="00u1")
    set_mode(scim=scim, sso=sso)
    running.sign_in(page, "00u1")
    expect(page).to_have_url(re.compile("/profile/$"))


@pytest.mark.parametrize(("scim", "sso"), MODES)
def test_unknown_people_are_created_only_while_scim_is_off(page: Page, oidc: Running, scim: bool, sso: bool) -> None:
    claims = {"email": "eve@example.test", "email_verified": True, "given_name": "Eve", "groups": ["Engineering"]}
    oidc.idp.knows("00u9", preferred_username="eve", **claims)
    oidc.allow_just_in_time()
    builders = make_group("Builders")
    map_group(sso_groups.declare_sso_group(oidc.provider, name="Engineering", actor=OPERATOR), builders)
    set_mode(scim=scim, sso=sso)
    oidc.sign_in(page, "00u9")
    if scim:
        expect(page.get_by_text("has not sent you to this portal yet")).to_be_visible()
        assert not User.objects.filter(username_key="eve").exists()
        return
    expect(page).to_have_url(re.compile("/profile/$"))
    assert members_of(builders) == {"eve"}


def test_just_in_time_over_saml(page: Page, saml: Running) -> None:
    attributes = {"mail": "eve@example.test", "givenName": "Eve", "groups": ["Engineering"]}
    saml.idp.knows("eve", nameId="eve", attributes=attributes)
    saml.allow_just_in_time()
    set_mode(scim=False)
    saml.sign_in(page, "eve")
    expect(page).to_have_url(re.compile("/profile/$"))
    assert User.objects.get(username_key="eve").email == "eve@example.test"


def test_a_connection_is_tested_before_it_is_switched_on(page: Page, oidc: Running) -> None:
    sso_connections.set_connection_enabled(oidc.connection, False, actor=OPERATOR)
    users.create_owner(username="owner", email="", password=PASSWORD, actor=OPERATOR)
    oidc.idp.knows("00u1", preferred_username="ada", email="ada@example.test")
    page.goto(f"/admin/identity/ssoconnection/{oidc.connection.pk}/change/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Test now").click()
    page.get_by_label("Login").fill("00u1")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("The claims that matter")).to_be_visible()
    expect(page.get_by_text("this person could not sign in: Okta has not sent you")).to_be_visible()
    expect(page.get_by_role("cell", name="ada@example.test")).to_be_visible()
    assert not SSOIdentity.objects.exists()
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="owner")).to_be_visible()


def test_signing_out_there_ends_the_session_here(page: Page, oidc: Running) -> None:
    """RP-initiated logout, and the back-channel logout that the provider sends for it."""
    oidc.idp.knows("00u1", preferred_username="ada")
    provision(oidc.provider, "ada", external_id="00u1")
    oidc.sign_in(page, "00u1")
    other = page.context.browser.new_context(base_url=page.url.partition("/profile")[0])  # type: ignore[union-attr]
    other.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    second = other.new_page()
    second.goto("/profile/")
    expect(second).to_have_url(re.compile("/profile/$"))
    end_session = f"{oidc.idp.origin}/session/end?client_id=gatehouse"
    page.goto(end_session)
    page.get_by_role("button", name=re.compile("Yes")).click()
    page.wait_for_load_state()
    second.goto("/profile/")
    expect(second).to_have_url(re.compile("/login/"))
    other.close()


def test_signing_out_here_offers_to_sign_out_there(page: Page, oidc: Running) -> None:
    oidc.idp.knows("00u1", preferred_username="ada")
    provision(oidc.provider, "ada", external_id="00u1")
    oidc.sign_in(page, "00u1")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign out of Okta as well").click()
    page.get_by_role("button", name=re.compile("Yes")).click()
    expect(page).to_have_url(re.compile("/login/$"))
