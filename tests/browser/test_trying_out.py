"""What an identity provider sent is read in the log, and tried again without a trace."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import ProvisioningLog, Role, User
from tests.browser.company import enter
from tests.browser.looks import looked_at
from tests.clients import new_idp
from tests.scim.helpers import user_body


def test_a_row_of_the_log_is_tried_again(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    idp = new_idp()
    idp.post("/Users", user_body("ann", costCode="1", password="hunter2", name={"givenName": "Ann"}, active="maybe"))
    page.goto(f"/admin/identity/provisioninglog/{ProvisioningLog.objects.get().pk}/change/")
    expect(page.get_by_role("heading", name="What was sent")).to_be_visible()
    problems = looked_at(page, "row")
    page.get_by_role("link", name="Try again").click()
    body = page.get_by_label("Body")
    body.fill(body.input_value().replace('"maybe"', "true"))
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("201 Created")).to_be_visible()
    problems += looked_at(page, "trial")
    page.get_by_role("link", name="Self-test").click()
    page.get_by_role("button", name="Run the self-test").click()
    expect(page.get_by_text("All passed")).to_be_visible()
    problems += looked_at(page, "self-test")
    page.goto(f"/admin/identity/identityprovider/{idp.provider.pk}/change/")
    expect(page.get_by_text("costCode")).to_be_visible()
    assert problems == []
    assert not User.objects.filter(username="ann").exists()
