"""`make screenshots`: the pictures of docs/, taken of the demo company in a portal of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.conformance.portal_process import manage, running_portal
from tests.processes import ROOT

IMAGES = ROOT / "docs" / "images"
WINDOW = {"width": 1280, "height": 800}
LARGEST = 150 * 1024
SECRET = "correct horse battery staple"
USERNAME = re.compile(r"^\s+(?P<role>Administrator|Support)\s+(?P<name>\S+)\s+(?P<password>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of docs/images, whose eyes see it, and how to come there from the start page.

    `form` is a label, what is typed there, and the button that is pressed then.
    """

    name: str
    role: str
    path: str
    clicks: tuple[str, ...] = ()
    form: tuple[str, str, str] | None = None


PICTURES = (
    Picture("dashboard", "Owner", "/admin/"),
    Picture("user", "Owner", "/admin/identity/user/?q=leonie", ("leonie.krueger",)),
    Picture("set-up", "Owner", "/admin/identity/identityprovider/", ("Entra ID (Cairo)", "Set-up guide")),
    Picture(
        "mismatch-report",
        "Owner",
        "/admin/identity/conflict/mismatch_report/",
        form=("Paste userNames", "Zoe.Vandenberg\nolivia.chen@meridian.example\nmina.duarte\nnew.hire", "Compare"),
    ),
    Picture("what-if", "Owner", "/admin/identity/accesssettings/switch/?sso=on"),
    Picture("invitations", "Owner", "/admin/identity/invitation/"),
    Picture("provisioning-log", "Owner", "/admin/identity/provisioninglog/?person=leonie.krueger"),
    Picture("assets", "Owner", "/admin/identity/asset/?owners=none"),
    Picture("support-disabled-users", "Support", "/admin/disabled-users/"),
    Picture("support-preflight", "Support", "/admin/disabled-users/?q=rodrigo", ("Delete permanently rodrigo",)),
)


def main() -> int:
    executable = find_chromium()
    if executable is None:
        sys.stderr.write("There is no Chromium on this machine: make chromium\n")
        return 1
    with running_portal() as portal, sync_playwright() as playwright:
        told = manage(portal.environment, "demo")
        passwords = {found["role"]: (found["name"], found["password"]) for found in USERNAME.finditer(told)}
        owner = ("create_owner", "--username", "owner", "--email", "owner@meridian.example", "--password", SECRET)
        manage(portal.environment, *owner)
        passwords["Owner"] = ("owner", SECRET)
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        address = portal.base_url.removesuffix("/scim/v2")
        return max([take(browser, address, role, passwords[role]) for role in ("Owner", "Support")])


def take(browser: Browser, address: str, role: str, credential: tuple[str, str]) -> int:
    """All pictures that this role sees; 1 when one is too large for a page that people load."""
    with _signed_in_as(browser, address, *credential) as page:
        sizes = {picture.name: _taken(page, picture) for picture in PICTURES if picture.role == role}
    for name, size in sizes.items():
        sys.stdout.write(f"docs/images/{name}.png  {size // 1024} KB\n")
    return int(any(size > LARGEST for size in sizes.values()))


@contextmanager
def _signed_in_as(browser: Browser, address: str, username: str, password: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport=WINDOW, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto("/admin/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")
    page.wait_for_url("**/admin/")
    yield page
    context.close()


def _taken(page: Page, picture: Picture) -> int:
    page.goto(picture.path)
    for name in picture.clicks:
        page.get_by_role("link", name=name).first.click()
        page.wait_for_load_state()
    if picture.form is not None:
        label, text, button = picture.form
        page.get_by_label(label).fill(text)
        page.get_by_role("button", name=button).click()
    page.wait_for_load_state("networkidle")
    return len(page.screenshot(path=IMAGES / f"{picture.name}.png", animations="disabled"))


if __name__ == "__main__":
    sys.exit(main())
