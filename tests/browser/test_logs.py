"""Item 9: what identity providers sent, and every change."""

import csv
import json
import re
from pathlib import Path

import pytest
from django.contrib.admin import site
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import ProvisioningLog, Role
from tests import clock
from tests.browser.company import enter
from tests.factories import make_idp, make_user, provision, resend

LOG, AUDIT = "/admin/identity/provisioninglog/", "/admin/identity/auditevent/"


def test_the_log_is_filtered_by_person_paged_and_saved(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site._registry[ProvisioningLog], "list_per_page", 2)
    enter(page.context, live_server, Role.ADMINISTRATOR)
    idp = make_idp()
    ada = provision(idp, "ada", first_name="Ada")
    provision(idp, "bob", first_name="Bob")
    for name in ("Eva", "Eve", "Evi"):
        resend(ada, "ada", first_name=name)
    page.goto(LOG)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("person (whole username or email)").fill("ADA")
    page.get_by_role("button", name=re.compile("Apply")).click()
    expect(page).to_have_url(re.compile("person=ADA"))
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="Newer")).to_be_visible()
    expect(page.get_by_text("Created Ada (ada), enabled.")).to_be_visible()
    expect(page.get_by_text("bob")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export JSON lines").click()
    lines = [json.loads(line) for line in Path(download.value.path()).read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 4
    assert lines[-1]["summary"] == "Created Ada (ada), enabled."


def test_a_row_has_a_permanent_address_and_tells_what_was_sent(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    ada = provision(make_idp(), "ada")
    resend(ada, "ada.king")
    page.goto(f"{LOG}?outcome__exact=partly")
    page.locator("#result_list a").first.click()
    address = page.url
    assert re.search(r"/provisioninglog/\d+/change/", address)
    page.goto(address)
    expect(page.get_by_text("ada.king").first).to_be_visible()
    expect(page.get_by_text("Okta").first).to_be_visible()


def test_the_audit_log_tells_who_did_it(page: Page, live_server: LiveServer) -> None:
    admin = enter(page.context, live_server, Role.ADMINISTRATOR)
    mia = make_user("mia")
    page.goto(f"/admin/identity/user/{mia.pk}/disable/")
    page.get_by_role("button", name="Disable").click()
    page.goto(f"{AUDIT}?by={admin.username}")
    row = page.get_by_role("row", name="Disabled")
    expect(row.get_by_text("mia")).to_be_visible()
    expect(row.get_by_text(admin.username)).to_be_visible()


def test_pages_go_back_and_forth_and_a_filter_begins_at_the_newest(
    page: Page, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By keyboard, on a phone."""
    monkeypatch.setattr(site._registry[ProvisioningLog], "list_per_page", 2)
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page.context, live_server, Role.OWNER)
    idp = make_idp()
    for number in range(5):
        provision(idp, f"user{number}")
    page.goto(f"{LOG}?outcome__exact=applied")
    for way, shown in (("Older", ["user2", "user1"]), ("Older", ["user0"]), ("Newer", ["user2", "user1"])):
        page.get_by_role("link", name=way, exact=True).press("Enter")
        for name in shown:
            expect(page.get_by_role("link", name=re.compile(rf"Created {name}\b"))).to_be_visible()
        assert "outcome__exact=applied" in page.url
    page.get_by_role("button", name="Filters").press("Enter")
    page.get_by_label("person (whole username or email)").fill("user4")
    page.get_by_label("person (whole username or email)").press("Enter")
    expect(page.get_by_role("link", name=re.compile(r"Created user4\b"))).to_be_visible()
    assert "before=" not in page.url
    assert "after=" not in page.url


def test_both_files_hold_what_the_filters_leave(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    okta, entra = make_idp("Okta"), make_idp("Entra", kind="entra")
    with clock.ago(days=3):
        provision(okta, "ada", "ada@x.test")
    for idp, name, email in (
        (entra, "bob", "bob@x.test"),
        (okta, "=SUM(A1)", "sum@x.test"),
    ):
        provision(idp, name, email)
    page.goto(f"{LOG}?idp={okta.pk}&outcome__exact=applied&since=day")
    expect(page.get_by_text("bob")).to_have_count(0)
    with page.expect_download() as lines:
        page.get_by_role("link", name="Export JSON lines").click()
    with page.expect_download() as table:
        page.get_by_role("link", name="Export CSV").click()
    [line] = [json.loads(line) for line in Path(lines.value.path()).read_text(encoding="utf-8").splitlines()]
    [row] = list(csv.DictReader(Path(table.value.path()).read_text(encoding="utf-8").splitlines()))
    assert (line["identity_provider"], line["summary"]) == ("Okta", row["What happened"])
    assert "=SUM(A1)" in line["summary"]
