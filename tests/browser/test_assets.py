"""Item 8: assets and their owners."""

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import Asset, Role, Status, User
from identity.services import assets
from tests.browser.company import enter
from tests.factories import OPERATOR, make_asset, make_idp, make_user, owners_of, provision


def owners_of_the(name: str) -> set[str]:
    return owners_of(Asset.objects.get(name=name))


def test_an_asset_is_registered_and_transferred_to_somebody_who_never_signed_in(
    page: Page, live_server: LiveServer
) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    make_user("mia")
    provision(make_idp(), "ada", first_name="Ada", last_name="Stone")
    page.goto("/admin/identity/asset/")
    page.get_by_role("link", name="Add asset").first.click()
    page.get_by_label("Name", exact=True).fill("Wiki")
    page.get_by_label("Owner").fill("mia")
    page.get_by_role("button", name="Add asset").click()
    expect(page.get_by_text("Wiki was added.")).to_be_visible()
    page.get_by_role("link", name="Transfer from mia").click()
    page.get_by_label("Name, username or email").fill("ada")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Found for “ada”")).to_be_visible()
    page.get_by_label("Ada Stone").check()
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_text("Ada Stone owns Wiki in place of mia.")).to_be_visible()
    assert owners_of_the("Wiki") == {"ada"}


def test_what_nobody_looks_after_is_found_and_given_to_somebody(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    dan, mia = make_user("dan"), make_user("mia")
    make_asset(dan, "Forge")
    make_asset(mia, "Wiki")
    User.objects.filter(pk=dan.pk).update(status=Status.DISABLED)
    page.goto("/admin/identity/asset/?owners=none")
    expect(page.get_by_role("link", name="Wiki")).to_have_count(0)
    page.get_by_role("row", name="Forge").get_by_role("checkbox").check()
    page.get_by_label("Select action to run").select_option(label="Transfer to a new owner")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("They become the only owner of Forge.")).to_be_visible()
    page.get_by_role("radio", name="mia").check()
    page.get_by_role("button", name="Transfer").click()
    expect(page.get_by_text("mia owns 1 asset now.")).to_be_visible()
    assert owners_of_the("Forge") == {"mia"}


PRESS_THREE_TIMES = """
    let sent = 0;
    addEventListener("submit", (event) => { sent += !event.defaultPrevented; event.preventDefault(); });
    for (let press = 0; press < 3; press++) document.querySelector("form.gh-form [type=submit]").click();
    sent
"""


def test_a_form_is_sent_once_however_often_it_is_pressed(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    page.goto("/admin/identity/asset/add/")
    assert page.evaluate(PRESS_THREE_TIMES) == 1


def test_people_who_were_ticked_stay_so_over_searches_and_mistakes(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    asset = make_asset(make_user("mia"), "Wiki")
    for name in ("ada", "bob", "eve"):
        make_user(name)
    page.goto(f"/admin/identity/asset/{asset.pk}/add_owner/")
    for name in ("ada", "bob"):
        page.get_by_label("Name, username or email").fill(name)
        page.get_by_label("Name, username or email").press("Enter")
        expect(page.get_by_role("group", name=f"Found for “{name}”")).to_be_visible()
        page.get_by_role("checkbox", name=name).check()
    expect(page.get_by_role("checkbox", name="ada")).to_be_checked()
    page.reload()
    expect(page.get_by_role("checkbox", name="ada")).to_be_checked()
    page.get_by_role("checkbox", name="bob").check()
    page.get_by_role("button", name="Make owners").click()
    expect(page.get_by_text("ada, bob own Wiki now.")).to_be_visible()
    assert owners_of_the("Wiki") == {"mia", "ada", "bob"}


def test_owners_stand_in_their_order_when_their_names_are_right_to_left(page: Page, live_server: LiveServer) -> None:
    enter(page.context, live_server, Role.ADMINISTRATOR)
    wiki = make_asset(make_user("أحمد", email="ahmed@example.test"), "Wiki")
    assets.add_owner(wiki, make_user("محمد", email="mohamed@example.test"), actor=OPERATOR)
    page.goto("/admin/identity/asset/")
    boxes = [name.bounding_box() for name in page.locator(".field-shown_owners bdi").all()]
    left = [box["x"] for box in boxes if box]
    assert len(left) == 2
    assert left == sorted(left)
