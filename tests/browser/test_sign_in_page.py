"""The first page that anybody sees."""

import re

from playwright.sync_api import Page, expect

from identity.services import users
from tests.factories import OPERATOR, PASSWORD


def test_who_is_not_signed_in_is_asked_to(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_opens_nothing(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_label("Password")).to_be_empty()
    page.goto("/admin/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_right_password_opens_the_dashboard(page: Page) -> None:
    users.create_owner(username="owner", email="", password=PASSWORD, actor=OPERATOR)
    page.goto("/admin/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page).to_have_url(re.compile(r"/admin/$"))
    expect(page.get_by_role("heading", name="What needs attention first")).to_be_visible()
    expect(page.get_by_label("Password")).to_have_count(0)
