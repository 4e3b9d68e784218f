"""The member's own page, in two browsers and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from identity.models import User
from tests.factories import PASSWORD, make_asset, make_group, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mia() -> User:
    user = make_user("mia", first_name="Mia", last_name="Wong", password=PASSWORD)
    make_group("Builders", user)
    make_asset(user, "Wiki")
    return user


def mia_signs_in(page: Page) -> None:
    page.goto("/login/")
    page.get_by_label("Username").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()


def test_a_member_sees_everything_on_a_phone_without_scrolling_sideways(page: Page, mia: User) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto("/profile/") if scheme == "dark" else mia_signs_in(page)
        for text in ("mia@example.test", "Builders", "Wiki", "This browser"):
            expect(page.get_by_text(text).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_lost_phone_is_signed_out_from_the_laptop(
    page: Page, browser: Browser, live_server: LiveServer, mia: User
) -> None:
    phone = browser.new_context(base_url=live_server.url).new_page()
    mia_signs_in(phone)
    mia_signs_in(page)
    page.get_by_role("button", name=re.compile("End the session in")).click()
    expect(page.get_by_text("That session has ended.")).to_be_visible()
    expect(page.get_by_role("heading", name="Mia Wong")).to_be_visible()
    phone.reload()
    expect(phone).to_have_url(re.compile("/login/"))
    phone.context.close()
