"""One person with the reason for everything (issue 5, item 2)."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Role, SSOGroup, User
from identity.services import users
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import OPERATOR, make_asset, make_group, make_user, map_group


def test_everything_about_a_person_and_what_made_it_so(owner_page: Page, live_server: LiveServer) -> None:
    page, okta = owner_page, LiveIdP(live_server.url)
    ava = okta.user("ava.stone")
    okta.group("Engineering", ava)
    map_group(SSOGroup.objects.get(), make_group("Engineers"))
    okta.send("PATCH", f"/Users/{ava}", {"Operations": [{"op": "replace", "path": "userName", "value": "ava.reed"}]})
    user = User.objects.get(username="ava.stone")
    make_asset(user, "Wiki")
    page.goto(f"/admin/identity/user/{user.pk}/change/")
    expect(page.get_by_role("row", name="Username ava.reed ava.stone")).to_contain_text("Differs")
    expect(page.get_by_text("A username is permanent, so the portal keeps ava.stone")).to_be_visible()
    expect(page.get_by_role("row", name="Engineers Through the SSO group Engineering (Okta)")).to_be_visible()
    expect(page.get_by_role("link", name="Wiki")).to_be_visible()
    expect(page.get_by_text("Enabling and disabling users is not possible here while SCIM is on")).to_be_visible()
    expect(page.locator("#why").get_by_text("ava.reed was not taken over, ava.stone stays")).to_be_visible()
    expect(page.locator("#why").get_by_text("joined Engineers")).to_be_visible()
    page.get_by_role("row", name="was not taken over, ava.stone").get_by_role("link", name="PATCH User").press("Enter")
    expect(page.get_by_role("heading", name="Not taken over")).to_be_visible()


def test_the_trail_goes_back_to_the_beginning(owner_page: Page) -> None:
    mia = make_user("mia")
    users.disable_user(mia, actor=OPERATOR)
    for _ in range(12):
        users.enable_user(mia, actor=OPERATOR)
        users.disable_user(mia, actor=OPERATOR)
    owner_page.goto(f"/admin/identity/user/{mia.pk}/change/")
    expect(owner_page.locator("#why tbody tr")).to_have_count(20)
    owner_page.get_by_role("link", name="Earlier").press("Enter")
    expect(owner_page.locator("#why tbody tr")).to_have_count(5)
    expect(owner_page.get_by_role("link", name="Earlier")).to_have_count(0)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.SUPPORT])
def test_other_roles_are_refused_by_address(page: Page, sign_in: SignIn, role: Role) -> None:
    mia = make_user("mia")
    sign_in(page, role)
    for path in ("change", "why"):
        page.goto(f"/admin/identity/user/{mia.pk}/{path}/")
        expect(page.get_by_text("mia@example.test")).to_have_count(0)
        expect(page.get_by_text("How it came about")).to_have_count(0)
