"""The frame around every page of the admin UI, without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import PHONE


@pytest.mark.parametrize("page_of", ["/admin/", "/admin/identity/user/"])
def test_the_first_key_leads_past_the_navigation(owner_page: Page, page_of: str) -> None:
    owner_page.goto(page_of)
    owner_page.keyboard.press("Tab")
    skip = owner_page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    skip.press("Enter")
    expect(owner_page.locator("#content")).to_be_focused()


def test_the_account_menu_opens_and_closes(owner_page: Page) -> None:
    account = owner_page.get_by_role("button", name="owner")
    account.press("Enter")
    owner_page.get_by_role("button", name="Dark").press("Enter")
    expect(owner_page.locator("html")).to_have_class("dark")
    owner_page.get_by_role("button", name="System").press("Escape")
    expect(account).to_be_focused()
    expect(owner_page.get_by_role("button", name="Log out")).to_be_hidden()
    account.press("Enter")
    owner_page.get_by_role("button", name="Log out").press("Enter")
    expect(owner_page.get_by_label("Password")).to_be_visible()


def test_the_navigation_opens_on_a_phone_and_escape_closes_it(owner_page: Page) -> None:
    owner_page.set_viewport_size(PHONE)
    opener = owner_page.get_by_role("button", name="Navigation", exact=True)
    opener.press("Enter")
    expect(owner_page.get_by_role("button", name="Close the navigation")).to_be_focused()
    expect(owner_page.get_by_role("link", name="Invitations")).to_be_visible()
    owner_page.keyboard.press("Escape")
    expect(owner_page.get_by_role("link", name="Invitations")).to_be_hidden()
    expect(opener).to_be_focused()


def test_filters_take_the_keyboard_and_give_it_back(owner_page: Page) -> None:
    owner_page.goto("/admin/identity/user/")
    filters = owner_page.get_by_role("button", name="Filters")
    filters.press("Enter")
    expect(owner_page.locator("#filter-form :focus")).to_have_count(1)
    owner_page.keyboard.press("Escape")
    expect(owner_page.locator("#filter-form")).to_be_hidden()
    expect(filters).to_be_focused()
