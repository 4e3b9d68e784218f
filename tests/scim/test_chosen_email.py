"""Of several emails the portal takes the primary, else the one of type work, else the first (docs/design/rules.md).

Generated: every list of three emails by what is said of each, through POST and PUT, against the sentence above.
"""

from itertools import product
from typing import Any

import pytest

from identity.models import User
from tests.clients import IdP
from tests.loops import each
from tests.scim.helpers import PORTAL_USER, Document, user_body

pytestmark = pytest.mark.django_db

SAID: dict[str, dict[str, Any]] = {
    "plain": {},
    "home": {"type": "home"},
    "work": {"type": "work"},
    "Work": {"type": "Work"},
    "primary": {"primary": True},
    "primary at home": {"type": "home", "primary": True},
    "not primary": {"type": "work", "primary": False},
}
LISTS = [
    said
    for said in product(SAID, repeat=3)
    if sum(bool(SAID[one].get("primary")) for one in said) <= 1  # RFC 7643 section 2.4: one primary at most
]


def emails(said: tuple[str, ...], number: int) -> list[Document]:
    return [{"value": f"{at}.{number}@example.test", **SAID[one]} for at, one in enumerate(said)]


def the_one(entries: list[Document]) -> str:
    for entry in entries:
        if entry.get("primary") is True:
            return str(entry["value"])
    for entry in entries:
        if str(entry.get("type", "")).lower() == "work":
            return str(entry["value"])
    return str(entries[0]["value"])


def test_the_primary_else_work_else_the_first_becomes_the_portals_email(idp: IdP) -> None:
    for number, said in enumerate(each(LISTS, at_least=50)):
        entries = emails(said, number)
        made = idp.post("/Users", user_body(f"user{number}", emails=entries)).json()
        assert made[PORTAL_USER]["email"] == the_one(entries), said


def test_an_email_that_arrives_later_is_chosen_in_the_same_way(idp: IdP) -> None:
    for number, said in enumerate(each(LISTS[::7], at_least=8)):
        entries = emails(said, number)
        user = idp.user(f"user{number}")
        put = idp.put(f"/Users/{user['id']}", user_body(f"user{number}", emails=entries)).json()
        assert put[PORTAL_USER]["email"] == the_one(entries), said
        assert User.objects.get(username=f"user{number}").email == the_one(entries)
