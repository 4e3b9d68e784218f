"""Typing the address of a page that is not for one's role."""

import re

from playwright.sync_api import Page, expect

from identity.models import Role


def refused_by_address(page: Page, role: Role, path: str) -> None:
    """Members are led to their profile and told so; everybody else reads who may do it instead."""
    answer = page.goto(path)
    assert answer is not None
    if role == Role.MEMBER:
        expect(page).to_have_url(re.compile(r"/profile/$"))
        expect(page.get_by_text("That page is for administrators and support.")).to_be_visible()
        return
    assert answer.status == 403, path
    expect(page.get_by_text(re.compile(r"needs the role (administrator or )?owner\."))).to_be_visible()
