"""Forms that were refused, previews and results: axe finds nothing grave, and they fit."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import BulkRun, Group, IdentityProvider, Role, User
from identity.services import bulk_runs
from tests.browser.company import LONG, RIGHT_TO_LEFT, enter, move_in
from tests.browser.looks import looked_at
from tests.factories import OPERATOR, make_idp, set_mode

SUBMIT = ".gh-form [type=submit]"
EMPTY_FORMS = (
    "user/invite/",
    "group/add/",
    "asset/add/",
    "identityprovider/add/",
    "ssogroup/declare/",
    "conflict/mismatch_report/",
    "invitation/import/",
)
ROWS = f"username,email,first_name\nivy2,ivy2@example.test,{LONG}\nada,ada@elsewhere.example,{RIGHT_TO_LEFT}\n,,\n"


@pytest.fixture
def owner_among_people(page: Page, live_server: LiveServer) -> Page:
    move_in()
    enter(page.context, live_server, Role.OWNER)
    return page


def test_forms_that_are_sent_empty(owner_among_people: Page) -> None:
    page, problems = owner_among_people, []
    for address in EMPTY_FORMS:
        page.goto(f"/admin/identity/{address}")
        page.locator(SUBMIT).first.click()
        expect(page.locator(".gh-error, .gh-note-refused").first).to_be_visible()
        problems += looked_at(page, address)
    assert problems == []


def test_what_if_of_every_mode(owner_among_people: Page) -> None:
    page, problems = owner_among_people, []
    for query in ("scim=on&sso=on", "scim=off&sso=on", "scim=off&sso=off"):
        page.goto(f"/admin/identity/accesssettings/switch/?{query}")
        problems += looked_at(page, query)
    page.get_by_role("link", name="See everyone").first.click()
    expect(page.get_by_role("link", name="Export CSV")).to_be_visible()
    problems += looked_at(page, "people of a what-if")
    set_mode(scim=False, sso=False)
    User.objects.filter(username="ada").update(first_name="Drifted", status="disabled")
    page.goto("/admin/identity/accesssettings/switch/?scim=on&sso=off")
    problems += looked_at(page, "switching SCIM on")
    assert problems == []


def test_a_file_of_people_from_its_preview_to_its_results(owner_among_people: Page, tmp_path: Path) -> None:
    page, file = owner_among_people, tmp_path / "people.csv"
    file.write_text(ROWS, encoding="utf-8")
    page.goto("/admin/identity/invitation/import/")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    problems = looked_at(page, "preview of a file")
    page.get_by_role("link", name="Start", exact=True).click()
    problems += looked_at(page, "start")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Finished")).to_be_visible()
    assert problems + looked_at(page, "results of a file") == []


def test_a_run_that_somebody_else_began(owner_among_people: Page) -> None:
    run = bulk_runs.create_run(
        BulkRun.Kind.DISABLE, [bulk_runs.Wanted(User.objects.get(username="ada"))], actor=OPERATOR
    )
    owner_among_people.goto(f"/admin/identity/bulkrun/{run.pk}/change/")
    expect(owner_among_people.get_by_role("heading", name="0 of 1 done")).to_be_visible()
    assert looked_at(owner_among_people, "progress") == []


def test_people_who_are_ticked_are_asked_about(owner_among_people: Page) -> None:
    page, problems = owner_among_people, []
    ids = ",".join(str(pk) for pk in User.objects.values_list("pk", flat=True))
    for action in ("disable", "enable", "add_to_groups"):
        page.goto(f"/admin/identity/user/bulk_{action}/?ids={ids}&of=")
        problems += looked_at(page, action)
    page.goto(f"/admin/identity/group/{Group.objects.get(name='Empty').pk}/add_members/?q=nobody-of-this-name")
    assert problems + looked_at(page, "nobody found") == []


def test_a_guide_for_each_kind(owner_among_people: Page) -> None:
    page, problems = owner_among_people, []
    for kind in IdentityProvider.Kind:
        provider = make_idp(f"A {kind.label}", kind=kind.value)
        page.goto(f"/admin/identity/identityprovider/{provider.pk}/set_up/")
        problems += looked_at(page, f"guide for {kind.label}")
    assert problems == []


def test_a_token_that_is_shown_once(owner_among_people: Page) -> None:
    page = owner_among_people
    page.goto(f"/admin/identity/identityprovider/{IdentityProvider.objects.first().pk}/create_token/")  # type: ignore[union-attr]
    page.get_by_label("Label").fill("production")
    page.locator(SUBMIT).click()
    expect(page.get_by_text("Copy the token now.")).to_be_visible()
    problems = looked_at(page, "SCIM token")
    page.goto("/profile/api-tokens/new/")
    page.get_by_label("Label").fill("nightly report")
    page.get_by_role("button", name="Create the token").click()
    expect(page.get_by_text("Copy the token now.")).to_be_visible()
    problems += looked_at(page, "API token")
    page.get_by_role("button", name="Copy the token").press("Enter")
    expect(page.get_by_role("button", name="Copied the token")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    assert problems + looked_at(page, "API tokens") == []


def test_what_unfolds(owner_among_people: Page) -> None:
    """The filters of a list and the account menu, while they are open; a list that nothing matches."""
    page = owner_among_people
    page.goto("/admin/identity/user/")
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("button", name="Apply Filters")).to_be_visible()
    problems = looked_at(page, "filters")
    page.goto("/admin/identity/user/?status=disabled&q=nobody-of-this-name")
    problems += looked_at(page, "nothing found")
    page.get_by_role("button", name="Robin Owner").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    assert problems + looked_at(page, "account menu") == []


def test_a_deletion_that_is_refused_and_one_that_is_done(page: Page, live_server: LiveServer) -> None:
    move_in()
    enter(page.context, live_server, Role.SUPPORT)
    page.goto(f"/admin/disabled-users/{User.objects.get(username='gone').pk}/delete/")
    page.locator(SUBMIT).click()
    expect(page.locator(".gh-error").first).to_be_visible()
    problems = looked_at(page, "refused deletion")
    page.goto(f"/admin/disabled-users/{User.objects.get(username='dan').pk}/delete/")
    page.get_by_label("Reason").fill(LONG)
    page.get_by_label("Type the username to confirm").fill("dan")
    page.locator(SUBMIT).click()
    expect(page.get_by_text("dan was deleted permanently.")).to_be_visible()
    assert problems + looked_at(page, "disabled users") == []
