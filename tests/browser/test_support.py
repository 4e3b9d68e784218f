"""Item 10: support deletes a disabled user for good, and nobody else does."""

import re

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import AuditEvent, DeletionRecord, Role, Status, User
from identity.services import deletion
from tests.browser.company import enter
from tests.factories import PASSWORD, make_asset, make_group, make_support, make_user, support


def disabled(username: str = "dan") -> User:
    dan = make_user(username, first_name="Dan", last_name="Gone")
    make_group("Readers", dan)
    make_asset(dan, "Forge")
    User.objects.filter(pk=dan.pk).update(status=Status.DISABLED)
    return dan


def test_support_deletes_somebody_after_a_preflight_and_a_fresh_sign_in(page: Page, live_server: LiveServer) -> None:
    make_support(password=PASSWORD)
    dan = disabled()
    make_user("mia", first_name="Mia")
    page.goto("/admin/")
    page.get_by_label("Username").fill("sue")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    page.get_by_role("link", name="Disabled users").first.click()
    page.get_by_role("link", name="Delete permanently dan").click()
    for told in ("Readers", "Forge", "A deletion record", "Names and emails in the audit log"):
        expect(page.get_by_text(told).first).to_be_visible()
    page.get_by_label("Reason").fill("Ticket 4711")
    page.get_by_label("Type the username to confirm").fill("dam")
    page.get_by_label("Mia").check()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("This is not the username")).to_be_visible()
    assert User.objects.filter(pk=dan.pk).exists()
    page.get_by_label("Type the username to confirm").fill("dan")
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("dan was deleted permanently. Mia owns 1 asset now.")).to_be_visible()
    record = DeletionRecord.objects.get()
    assert (record.user_id, record.reason) == (dan.pk, "Ticket 4711")
    event = AuditEvent.objects.get(action="user.deleted_permanently")
    assert "dan" not in str(event.details)
    page.get_by_role("link", name="Deletions").first.click()
    expect(page.get_by_text("Ticket 4711")).to_be_visible()


def test_what_was_typed_stays_while_somebody_is_searched_who_takes_over(page: Page, live_server: LiveServer) -> None:
    """With the keyboard, on a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page.context, live_server, Role.SUPPORT)
    dan = disabled()
    make_user("zoe", first_name="Zoe")
    for number in range(12):
        make_user(f"anna{number:02}")
    page.goto(f"/admin/disabled-users/{dan.pk}/delete/")
    page.get_by_label("Reason").fill("Ticket 4711")
    page.get_by_label("Type the username to confirm").fill("dan")
    page.get_by_label("Who takes over: name, username or email").fill("zo")
    page.keyboard.press("Enter")
    page.get_by_label("Zoe").press("Space")
    expect(page.get_by_label("Reason")).to_have_value("Ticket 4711")
    page.get_by_label("Type the username to confirm").press("Enter")
    expect(page.get_by_text("dan was deleted permanently. Zoe owns 1 asset now.")).to_be_visible()
    assert not User.objects.filter(pk=dan.pk).exists()


def test_a_sign_in_of_before_is_asked_again(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.SUPPORT, fresh=False)
    page.goto(f"/admin/disabled-users/{disabled().pk}/delete/")
    expect(page).to_have_url(re.compile("/confirm-password/"))


def test_somebody_who_is_enabled_has_no_such_page(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.SUPPORT)
    answer = page.goto(f"/admin/disabled-users/{make_user('mia').pk}/delete/")
    assert answer is not None
    assert answer.status == 404


def test_an_administrator_reads_what_was_deleted(page: Page, live_server: LiveServer) -> None:
    dan = disabled()
    mia = make_user("mia")
    deletion.delete_permanently(dan, typed_username="dan", reason="Ticket 4711", transferee=mia, actor=support())
    enter(page.context, live_server, Role.ADMINISTRATOR)
    page.goto("/admin/identity/deletionrecord/?q=dan")
    page.get_by_role("link", name=f"user {dan.pk}").press("Enter")
    expect(page.get_by_role("heading", name=f"Deletion of user {dan.pk}")).to_be_visible()
    expect(page.get_by_text("Ticket 4711")).to_be_visible()
    expect(page.get_by_text("Dan Gone")).to_have_count(0)
