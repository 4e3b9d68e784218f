"""A second identity provider, with real sign-ins, can't take over the first one's people (SR-3, SR-4, SR-5)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Conflict, SSOIdentity, User
from identity.services import users
from tests.browser.idp import LiveIdP
from tests.browser.sso.conftest import Running
from tests.factories import OPERATOR, PASSWORD, everything, provision, set_mode

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING_OF_ADA = {"preferred_username": "ada", "email": "ada@example.test", "email_verified": True}


@pytest.fixture
def ada(page: Page, oidc: Running) -> User:
    """Provisioned by the first provider, and signed in through it once."""
    oidc.idp.knows("00u1", **EVERYTHING_OF_ADA)
    user: User = provision(oidc.provider, "ada", external_id="00u1").user
    oidc.sign_in(page, "00u1")
    expect(page).to_have_url(re.compile("/profile/$"))
    page.context.clear_cookies()
    return user


def refused(page: Page) -> None:
    """Nobody is signed in."""
    page.goto("/profile/")
    expect(page).to_have_url(re.compile("/login/"))


def account(user: User) -> dict[str, object]:
    (row,) = [row for row in everything()["identity.User"] if row["id"] == user.pk]
    return row


def test_by_the_same_subject_username_and_email(page: Page, ada: User, hostile: Running) -> None:
    hostile.allow_just_in_time(matches_by_user_name=True)
    hostile.idp.knows("00u1", **EVERYTHING_OF_ADA)
    before = account(ada)
    hostile.sign_in(page, "00u1")
    expect(page.get_by_text("Hostile has not sent you to this portal yet")).to_be_visible()
    refused(page)
    assert (account(ada), SSOIdentity.objects.get().user) == (before, ada)


def test_by_creating_the_person_at_sign_in(page: Page, ada: User, hostile: Running) -> None:
    hostile.allow_just_in_time(matches_by_user_name=True)
    hostile.idp.knows("evil", **EVERYTHING_OF_ADA, groups=["Owners"])
    set_mode(scim=False)
    before = account(ada)
    hostile.sign_in(page, "evil")
    expect(page.get_by_role("heading", name="An administrator has to decide")).to_be_visible()
    refused(page)
    conflict = Conflict.objects.get()
    assert (conflict.user, conflict.reason, conflict.identity_provider) == (ada, "other_provider", hostile.provider)
    assert (account(ada), SSOIdentity.objects.get().user) == (before, ada)


def test_by_provisioning_the_person_over_scim_first(
    page: Page, ada: User, hostile: Running, live_server: LiveServer
) -> None:
    scim = LiveIdP(live_server.url, hostile.provider)
    answer = scim.push("ada", "ada@example.test")
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    hostile.idp.knows("evil", **EVERYTHING_OF_ADA)
    hostile.sign_in(page, "evil")
    expect(page.get_by_text("Hostile has not sent you to this portal yet")).to_be_visible()
    refused(page)
    assert SSOIdentity.objects.get().user == ada


def test_by_naming_the_break_glass_account(page: Page, hostile: Running) -> None:
    glass = users.create_owner(username="glass", email="glass@example.test", password=PASSWORD, actor=OPERATOR)
    hostile.allow_just_in_time(matches_by_user_name=True)
    hostile.idp.knows("evil", preferred_username="glass", email="glass@example.test", email_verified=True)
    set_mode(scim=False)
    hostile.sign_in(page, "evil")
    expect(page.get_by_role("heading", name="An administrator has to decide")).to_be_visible()
    refused(page)
    assert Conflict.objects.get().user == glass
    assert not SSOIdentity.objects.exists()


def test_the_first_ones_person_still_comes_in_through_the_first(
    page: Page, ada: User, oidc: Running, hostile: Running
) -> None:
    hostile.idp.knows("00u1", **EVERYTHING_OF_ADA)
    hostile.sign_in(page, "00u1")
    page.context.clear_cookies()
    oidc.sign_in(page, "00u1")
    expect(page).to_have_url(re.compile("/profile/$"))
    expect(page.get_by_role("heading", name="ada").first).to_be_visible()
