"""What an administrator sees first."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Headcount, Role
from tests import clock
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.browser.refusals import refused_by_address
from tests.factories import make_idp, make_token, make_user, use_token


def test_what_waits_leads_to_where_it_is_decided(owner_page: Page, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    make_user("mia")
    okta.push("mia", "other@example.test")
    okta.group("Engineering")
    owner_page.reload()
    expect(owner_page.get_by_role("heading", name="SCIM is on and SSO is not enforced")).to_be_visible()
    expect(owner_page.get_by_text("Administrators may invite users and edit profiles.")).to_be_visible()
    expect(owner_page.get_by_role("row", name="Okta")).to_contain_text("50 %")
    owner_page.get_by_role("link", name="1 unmapped SSO group").click()
    expect(owner_page.get_by_role("link", name="Engineering")).to_be_visible()
    owner_page.go_back()
    owner_page.get_by_role("link", name="1 open conflict").press("Enter")
    expect(owner_page.get_by_role("link", name="mia").first).to_be_visible()


def test_a_provider_that_falls_silent_is_named(owner_page: Page) -> None:
    secret = make_token(make_idp("Entra"))
    for hours in range(300, 47, -1):
        with clock.ago(hours=hours):
            use_token(secret)
    owner_page.reload()
    owner_page.get_by_role("link", name="Entra is silent").click()
    expect(owner_page.get_by_text("Silent against its usual rhythm")).to_be_visible()


def test_the_chart_can_be_read_without_seeing_it(owner_page: Page) -> None:
    Headcount.objects.all().delete()
    day = timezone.now().date() - timedelta(days=40)
    Headcount.objects.create(day=day, invited=2, enabled=1, disabled=0)
    owner_page.get_by_role("link", name="Dashboard").first.click()
    owner_page.goto("/admin/?days=90")
    expect(owner_page.get_by_role("img", name=f"1 user now, 2 fewer than on {day:%-d %B %Y}.")).to_be_visible()
    owner_page.get_by_text("As a table").press("Enter")
    expect(owner_page.get_by_role("row", name=f"{day:%-d %b %Y} 1 0 2")).to_be_visible()


def test_support_sees_disabled_users_and_no_directory(page: Page, sign_in: SignIn) -> None:
    sign_in(page, Role.SUPPORT)
    page.goto("/admin/")
    expect(page.get_by_role("link", name="Disabled users").first).to_be_visible()
    expect(page.get_by_role("heading", name="What needs attention first")).to_have_count(0)


def test_members_are_led_to_their_profile_and_told_why(page: Page, sign_in: SignIn) -> None:
    sign_in(page, Role.MEMBER)
    refused_by_address(page, Role.MEMBER, "/admin/")
    page.reload()
    expect(page.get_by_text("That page is for administrators and support.")).to_have_count(0)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OWNER])
def test_administrators_and_owners_see_it_all(page: Page, sign_in: SignIn, role: Role) -> None:
    sign_in(page, role)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="What needs attention first")).to_be_visible()
