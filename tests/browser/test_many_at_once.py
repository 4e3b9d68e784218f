"""Item 7: invitations, a file of people with a preview, bulk actions with results, files and filters."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.actors import Person
from identity.models import BulkRun, Invitation, Role, Status, User
from identity.services import bulk
from tests.browser.company import enter
from tests.factories import make_user

FILE = "username,email,first_name\nivy,ivy@example.test,Ivy\nmia,mia@elsewhere.example,\neve,eve@example.test,Eve\n"


def test_a_file_of_people_is_previewed_started_and_answered_line_by_line(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("mia")
    file = tmp_path / "people.csv"
    file.write_text(FILE)
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
    assert '"3","mia","mia@elsewhere.example","","","Refused"' in Path(download.value.path()).read_text()
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
    expect(page.get_by_role("row", name="dan").get_by_text("Is disabled already.")).to_be_visible()
    expect(page.get_by_role("row", name="mia").get_by_text("Disabled.")).to_be_visible()
    assert User.objects.get(username="mia").status == Status.DISABLED


def test_a_run_that_is_open_goes_on_by_itself(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = enter(page.context, live_server, Role.OWNER)
    people = [make_user(f"user{number}") for number in range(4)]
    run = bulk.create_run(BulkRun.Kind.DISABLE, [bulk.Wanted(user) for user in people], actor=Person(owner))
    monkeypatch.setattr(bulk.work_on, "__kwdefaults__", {"seconds": -1.0})  # one row a request
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
    assert [line.split(",")[0] for line in Path(download.value.path()).read_text().splitlines()[1:]] == ['"dan"']


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.MEMBER])
@pytest.mark.parametrize("path", ["invitation/", "invitation/import/", "bulkrun/", "user/bulk_disable/?ids=1"])
def test_support_and_members_are_refused_by_address(page: Page, live_server: LiveServer, role: Role, path: str) -> None:
    enter(page.context, live_server, role)
    response = page.goto(f"/admin/identity/{path}")
    assert response is not None
    assert response.status == (403 if role == Role.SUPPORT else 200)
    assert page.url.endswith("/profile/") == (role == Role.MEMBER)
