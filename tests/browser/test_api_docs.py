"""The REST API's documentation page: all of it from this portal, under the strict policy, and it can be tried."""

from collections import Counter

from playwright.sync_api import Page, expect

from portal.api.schema import document
from tests.browser.looks import looked_at
from tests.factories import make_administrator, make_api_token, make_user


def test_the_documentation_shows_every_operation(page: Page) -> None:
    """What is far below is drawn when it comes near, so each tag is looked for."""
    operations = [one for methods in document()["paths"].values() for one in methods.values()]
    tags = Counter(tag for one in operations for tag in one["tags"])
    assert tags.total() > 150
    page.goto("/api/v1/docs/")
    expect(page.get_by_role("heading", name="Gatehouse")).to_be_visible(timeout=30_000)
    for tag, number in tags.items():
        only(page, tag)
        expect(page.locator(f'[id^="operations-{tag.replace(" ", "_")}-"]')).to_have_count(number)
    only(page, "Users")
    page.locator("#operations-Users-list_users").get_by_role("button", name="List users.").click()
    expect(page.get_by_text("Username, email, first or last name begins with this.").first).to_be_visible()
    assert looked_at(page, "API documentation") == []
    page.get_by_role("link", name="Back to the portal").click()
    expect(page.get_by_label("Password")).to_be_visible()


def only(page: Page, tag: str) -> None:
    page.get_by_placeholder("Filter by tag").fill(tag)


def test_an_operation_is_tried_with_a_token(page: Page) -> None:
    make_user("mia")
    secret = make_api_token(make_administrator())
    page.goto("/api/v1/docs/")
    page.get_by_role("button", name="Authorize").click(timeout=30_000)
    page.locator("#auth-bearer-value").fill(secret)
    page.locator("#auth-bearer-value").press("Enter")
    page.get_by_role("button", name="Close").first.click()
    only(page, "Users")
    operation = page.locator("#operations-Users-list_users")
    operation.get_by_role("button", name="List users.").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.get_by_text('"mia@example.test"')).to_be_visible()
