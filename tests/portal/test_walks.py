"""How a write and a read go through the rooms (docs/design/architecture.md): none is entered twice on the way down."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.clients import idp_of
from tests.factories import make_administrator, make_idp, make_user, provision, set_mode
from tests.portal.admin_pages import address
from tests.sessions import signed_in
from tests.sources import ROOT

pytestmark = pytest.mark.django_db

GATES = {"portal/project", "identity/db"}  # middleware, transactions and locks call what they are given
OURS = {"identity", "scim", "portal"}


def room_of(file: str) -> str:
    """The folder of a source file; empty for a library's, and for what calls the view."""
    path = Path(file)
    if not path.is_relative_to(ROOT) or path.name == "middleware.py":
        return ""
    room = str(path.parent.relative_to(ROOT))
    return room if room.partition("/")[0] in OURS and room not in GATES else ""


def walked(act: Callable[[], Any]) -> tuple[list[str], set[str]]:
    """The rooms in the order in which they were first entered, and those that were entered again from further down."""
    met: list[str] = []
    again: set[str] = set()
    stack: list[tuple[FrameType, str]] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            room = room_of(frame.f_code.co_filename)
            stack.append((frame, room))
            if room:
                met.extend({room} - set(met))
                way = [one for one, _ in groupby(found for _, found in stack if found)]
                again.update({room} if way.count(room) > 1 else ())
        elif event == "return" and stack and stack[-1][0] is frame:
            stack.pop()

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        answer = act()
    finally:
        sys.setprofile(before)
    assert answer.status_code < 400, answer.content
    return met, again


def test_a_write_over_scim_enters_no_room_twice() -> None:
    """But for the function from the locked row to the new record, which the adapter hands to the service."""
    sso_user = provision(make_idp())
    okta, path = idp_of(sso_user.identity_provider), f"/Users/{sso_user.scim_id}"
    okta.get(path)
    leaving = {"op": "replace", "path": "active", "value": False}
    met, again = walked(lambda: okta.patch(path, leaving))
    assert again == {"scim/adapters"}
    assert in_order(met, "scim", "scim/adapters", "identity/services/provisioning", "identity/models")
    assert "identity/queries" not in met


def test_an_action_of_a_page_enters_no_room_twice() -> None:
    """But for who asks: a page's own part, which the frame calls, has that from the frame."""
    mia, client = make_user("mia"), signed_in(make_administrator())
    set_mode(scim=False)
    client.get("/admin/")
    met, again = walked(lambda: client.post(address("user_disable", mia.pk)))
    assert again <= {"portal/admin/frame"}
    assert in_order(met, "portal/admin/frame", "identity/safeguards", "portal/admin/people", "identity/services")


def test_a_read_by_rest_enters_no_room_twice() -> None:
    make_user("mia")
    client = signed_in(make_administrator())
    client.get("/api/v1/me/")
    met, again = walked(lambda: client.get("/api/v1/users/?q=mi"))
    assert again == set()
    assert in_order(met, "portal/api", "identity/models")
    assert "identity/services" not in met


def in_order(met: list[str], *rooms: str) -> bool:
    return [room for room in met if room in rooms] == list(rooms)
