"""Before go-live, in a real browser: paste, upload, look, download; and who may not."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Role
from identity.queries import mismatch_tally
from tests.browser.conftest import SignIn
from tests.browser.idp import LiveIdP
from tests.factories import make_user


@pytest.fixture
def report(owner_page: Page) -> Page:
    make_user("mia")
    make_user("ida")
    owner_page.goto("/admin/identity/conflict/")
    owner_page.get_by_role("link", name="Mismatch report").click()
    return owner_page


def test_names_are_pasted_by_keyboard_and_come_out_as_csv(report: Page) -> None:
    report.get_by_label("Paste userNames").fill("Mia\nida@corp.test\n=1+1")
    report.get_by_role("button", name="Compare").press("Enter")
    expect(report.get_by_role("heading", name="3 userNames compared")).to_be_visible()
    report.get_by_role("link", name="1 · Email prefix against full email").click()
    expect(report.get_by_role("row", name="ida@corp.test")).to_contain_text("ida@example.test")
    with report.expect_download() as download:
        report.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ['"userName"', '"Mia"', '"ida@corp.test"', '"\'=1+1"']


def test_a_long_file_is_compared_while_one_looks(report: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mismatch_tally, "PART", 2)
    lines = "\n".join(["mia", "ida@corp.test", *(f"user{number}" for number in range(7))])
    report.get_by_label("Or upload a file").set_input_files(
        {"name": "users.txt", "mimeType": "text/plain", "buffer": lines.encode()}
    )
    report.get_by_role("button", name="Compare").click()
    expect(report.get_by_role("heading", name="9 userNames compared", exact=True)).to_be_visible()
    expect(report.get_by_role("progressbar")).to_have_count(0)
    expect(report.get_by_role("link", name="7 · No match")).to_be_visible()
    with report.expect_download() as download:
        report.get_by_role("button", name="Download CSV").click()
    assert len(download.value.path().read_text(encoding="utf-8").splitlines()) == 10


def test_a_file_is_uploaded(report: Page) -> None:
    report.get_by_label("Or upload a file").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": b"userName,email\nmia,other@corp.test\n"}
    )
    report.get_by_role("button", name="Compare").click()
    expect(report.get_by_text("the first push of these is a conflict")).to_be_visible()


def test_an_administrator_takes_what_has_arrived(page: Page, sign_in: SignIn, live_server: LiveServer) -> None:
    okta = LiveIdP(live_server.url)
    ava = okta.user("ava.stone")
    make_user("mia")
    okta.push("mia", "other@example.test")
    okta.patch(f"/Users/{ava['id']}", {"op": "replace", "path": "userName", "value": "ava.reed"})
    sign_in(page, Role.ADMINISTRATOR)
    page.goto("/admin/identity/conflict/mismatch_report/")
    page.get_by_label("Or take what arrived from").select_option("Okta")
    page.get_by_role("button", name="Compare").press("Enter")
    expect(page.get_by_role("heading", name="2 userNames compared")).to_be_visible()
    expect(page.get_by_role("link", name="1 · Linked, other username")).to_be_visible()
    expect(page.get_by_role("row", name="ava.reed")).to_contain_text("ava.stone")
    expect(
        page.get_by_text("1 has another email there than here: the first push of these is a conflict.")
    ).to_be_visible()


def test_an_account_with_a_role_is_announced_as_a_conflict(report: Page) -> None:
    make_user("boss", role=Role.ADMINISTRATOR)
    report.get_by_label("Paste userNames").fill("boss, boss@example.test")
    report.get_by_role("button", name="Compare").click()
    expect(report.get_by_role("row", name="boss")).to_contain_text("Conflict The account has a role")
    expect(report.get_by_text("is never adopted silently")).to_be_visible()
