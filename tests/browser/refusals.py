"""Typing the address of a page that is not for one's role."""

import re

from playwright.sync_api import Page, expect

from identity.models import Role
from tests.browser.company import post


def refused_by_address(page: Page, role: Role, path: str, *, needed: str = "(administrator or )?owner") -> None:
    """Members are led to their profile and told so; everybody else reads who may do it instead."""
    answer = page.goto(path)
    assert answer is not None
    if role == Role.MEMBER:
        expect(page).to_have_url(re.compile(r"/profile/$"))
        expect(page.get_by_text("That page is for administrators and support.")).to_be_visible()
        return
    assert answer.status == 403, path
    expect(page.get_by_text(re.compile(rf"needs the role {needed}\."))).to_be_visible()


def refused_by_post(page: Page, role: Role, path: str, **said: str) -> None:
    """The form that no page shows them, sent all the same from their own browser."""
    assert post(page, path, **said).status == (302 if role == Role.MEMBER else 403), path
