"""The first page that anybody sees."""

from playwright.sync_api import Page, expect


def test_who_is_not_signed_in_is_asked_to(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_refused_in_words(page: Page) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
