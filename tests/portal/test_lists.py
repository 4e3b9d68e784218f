"""Lists: filters stay in the address over sorting, paging and coming back, and never leave somebody nowhere."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin import site

from identity.models import Group, User
from tests.factories import make_group, make_idp, make_user, provision
from tests.portal.admin_pages import address, text_of
from tests.sessions import as_administrator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in (User, Group):
        monkeypatch.setattr(site._registry[model], "list_per_page", 2)


def hidden_of(page: Any, form: str) -> dict[str, str]:
    """The hidden fields of one form of the page."""
    html = re.search(rf'<form[^>]*id="{form}".*?</form>', page.content.decode(), re.DOTALL)
    assert html
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', html[0])
    return {name: unescape(value) for name, value in found}


def test_a_filter_begins_at_the_first_page_and_keeps_sorting_and_search() -> None:
    for number in range(5):
        make_user(f"user{number}")
    page = as_administrator().get(address("user_changelist", q="user", o="-1", p="2"))
    assert hidden_of(page, "filter-form") == {"q": "user", "o": "-1"}
    assert hidden_of(page, "changelist-search") == {"o": "-1"}


def test_the_page_that_is_shown_is_told_to_screen_readers() -> None:
    for number in range(3):
        make_group(f"Group {number}")
    page = as_administrator().get(address("group_changelist", p="2"))
    assert re.findall(r'aria-current="page">(\d+)<', page.content.decode()) == ["2"]


def test_a_page_beyond_the_end_is_the_last_one_under_the_same_filters() -> None:
    for number in range(3):
        make_group(f"Group {number}")
    client = as_administrator()
    for beyond in ("9", "999999999999999999999"):
        page = client.get(address("group_changelist", q="group", p=beyond))
        assert page.status_code == 200
        assert "Group 2" in text_of(page)
    assert "Group 0" in text_of(client.get(address("group_changelist", q="group", p="-1")))


def test_a_row_leads_back_to_the_list_as_it_was() -> None:
    make_user("mia")
    client = as_administrator()
    page = client.get(address("user_changelist", q="mia", o="-1"))
    link = re.search(r'href="([^"]+/change/[^"]*)"', page.content.decode())
    assert link
    row = client.get(unescape(link[1]))
    assert f'href="{address("user_changelist")}?q=mia&amp;o=-1"' in row.content.decode()


def test_a_filter_that_makes_no_sense_is_told() -> None:
    page = as_administrator().get(address("auditevent_changelist", **{"from": "yesterday"}), follow=True)
    assert "filters that this list does not know, so it shows everything" in text_of(page)


def test_a_list_that_a_filter_empties_offers_the_whole_one() -> None:
    make_user("mia")
    page = text_of(as_administrator().get(address("user_changelist", q="nobody-is-called-so")))
    assert "Nothing matches" in page
    assert "Show the whole list" in page


def test_a_log_that_is_filtered_on_an_older_page_shows_the_newest_rows() -> None:
    idp = make_idp()
    provision(idp, "ada")
    provision(idp, "bob")
    page = as_administrator().get(address("provisioninglog_changelist", outcome__exact="applied", before="2"))
    assert hidden_of(page, "filter-form") == {}
    assert hidden_of(page, "changelist-search") == {"outcome__exact": "applied"}
