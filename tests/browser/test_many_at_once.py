"""Item 7: invitations, a file of people with a preview, bulk actions with results, files and filters."""

import re
from pathlib import Path

import pytest
from django.contrib.admin import site
from django.core.mail import EmailMessage
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.core.actors import Person
from identity.models import BulkRun, Invitation, Role, Status, User
from identity.services import bulk_runs, invitations
from tests import clock
from tests.browser.company import enter
from tests.factories import PASSWORD, make_user

FILE = "username,email,first_name\nivy,ivy@example.test,Ivy\nmia,mia@elsewhere.example,\neve,eve@example.test,Eve\n"


def test_a_file_of_people_is_previewed_started_and_answered_line_by_line(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("mia")
    file = tmp_path / "people.csv"
    file.write_text(FILE, encoding="utf-8")
    page.goto("/admin/identity/invitation/")
    page.get_by_role("link", name="Invite from a file").first.click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_text("2 of 3 can be done")).to_be_visible()
    expect(page.get_by_text("This username belongs to another user.")).to_be_visible()
    assert not Invitation.objects.exists()
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Finished")).to_be_visible()
    expect(page.get_by_text("The invitation is on its way to ivy@example.test.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert '"3","mia","mia@elsewhere.example","","","Refused"' in Path(download.value.path()).read_text(
        encoding="utf-8"
    )
    page.get_by_role("link", name="Invitations").first.click()
    expect(page.get_by_role("link", name="Ivy")).to_be_visible()
    assert set(Invitation.objects.values_list("email", flat=True)) == {"ivy@example.test", "eve@example.test"}


def test_people_are_ticked_and_disabled_and_each_has_a_result(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("dan", status=Status.DISABLED)
    make_user("mia")
    page.goto("/admin/identity/user/?q=&source=local")
    for row in ("dan", "mia"):
        page.get_by_role("row", name=row).get_by_role("checkbox").check()
    page.get_by_label("Select action to run").select_option(label="Disable users")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 user will be disabled")).to_be_visible()
    page.get_by_role("button", name="Disable users").click()
    expect(page.get_by_role("row", name="dan").get_by_text("dan is disabled already.")).to_be_visible()
    expect(page.get_by_role("row", name="mia").get_by_text("Disabled.")).to_be_visible()
    assert User.objects.get(username="mia").status == Status.DISABLED


def test_a_run_that_is_open_goes_on_by_itself(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = enter(page.context, live_server, Role.OWNER)
    people = [make_user(f"user{number}") for number in range(4)]
    run = bulk_runs.create_run(BulkRun.Kind.DISABLE, [bulk_runs.Wanted(user) for user in people], actor=Person(owner))
    monkeypatch.setattr(bulk_runs.work_on, "__kwdefaults__", {"seconds": -1.0})  # one row a request
    page.goto(f"/admin/identity/bulkrun/{run.pk}/change/")
    expect(page.get_by_role("heading", name="Finished")).to_be_visible(timeout=20_000)
    assert User.objects.filter(status=Status.DISABLED).count() == 4


def test_filters_are_in_the_address_and_in_the_file(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("dan", status=Status.DISABLED)
    make_user("mia")
    page.goto("/admin/identity/user/?status=disabled")
    expect(page.get_by_role("link", name="dan")).to_be_visible()
    expect(page.get_by_role("link", name="mia")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert [
        line.split(",")[0] for line in Path(download.value.path()).read_text(encoding="utf-8").splitlines()[1:]
    ] == ['"dan"']


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://[^/]+(/invitations/\S+)", str(mail.body))
    assert found
    return found[1]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OWNER])
def test_an_invitation_is_mailed_and_its_link_works_once(
    page: Page, live_server: LiveServer, mailoutbox: list[EmailMessage], role: Role
) -> None:
    """Who invites uses the keyboard; who is invited, a phone."""
    enter(page.context, live_server, role)
    page.goto("/admin/identity/invitation/")
    page.get_by_role("link", name="Invite user").first.press("Enter")
    page.get_by_label("Username").fill("ivy")
    page.get_by_label("Email").fill("ivy@example.test")
    page.get_by_label("Email").press("Enter")
    expect(page.get_by_text("The invitation for ivy is on its way to ivy@example.test.")).to_be_visible()
    page.get_by_role("link", name="Send invitation again").click()
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("A new invitation is on its way")).to_be_visible()
    [first, second] = map(link_in, mailoutbox)
    page.context.clear_cookies()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(first)
    expect(page.get_by_text("has been used, withdrawn or has expired")).to_be_visible()
    page.goto(second)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("Welcome, ivy. Your account is ready.")).to_be_visible()
    page.goto(second)
    expect(page.get_by_text("has been used, withdrawn or has expired")).to_be_visible()
    assert User.objects.get(username="ivy").status == Status.ENABLED


def test_an_invitation_that_is_revoked_leads_nowhere(
    page: Page, live_server: LiveServer, mailoutbox: list[EmailMessage]
) -> None:
    admin = enter(page.context, live_server, Role.ADMINISTRATOR)
    for name, hours in (("ivy", 0), ("eve", 72)):
        with clock.ago(hours=hours):
            invitations.invite_user(username=name, email=f"{name}@example.test", actor=Person(admin))
    page.goto("/admin/identity/invitation/?link=expired")
    page.get_by_role("row", name="eve").get_by_role("checkbox").check()
    page.get_by_label("Select action to run").select_option(label="Revoke invitations")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("link", name="Select all matching users instead").click()
    expect(page.get_by_role("heading", name="1 user will be revoked")).to_be_visible()
    page.goto("/admin/identity/user/?q=ivy")
    page.get_by_role("link", name="ivy").first.click()
    page.get_by_role("link", name="Revoke invitation").click()
    page.get_by_role("button", name="Revoke invitation").click()
    expect(page.get_by_text("The invitation of ivy was revoked.")).to_be_visible()
    page.goto(link_in(mailoutbox[0]))
    expect(page.get_by_text("has been used, withdrawn or has expired")).to_be_visible()
    assert User.objects.get(username="ivy").status == Status.DISABLED


def test_a_filter_that_is_set_on_a_later_page_shows_the_first_and_a_row_leads_back(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site._registry[User], "list_per_page", 2)
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("dan", status=Status.DISABLED)
    for number in range(5):
        make_user(f"user{number}")
    page.goto("/admin/identity/user/?o=-1&p=3")
    page.get_by_role("button", name="Filters").click()
    page.locator("select[name=status]").select_option("disabled", force=True)
    page.get_by_role("button", name="Apply").press("Enter")
    expect(page).to_have_url(re.compile(r"/user/\?o=-1&status=disabled"))
    page.get_by_role("link", name="dan").first.click()
    page.locator(".gh-eyebrow").get_by_role("link", name="Users").click()
    expect(page).to_have_url(re.compile(r"/user/\?o=-1&status=disabled"))
