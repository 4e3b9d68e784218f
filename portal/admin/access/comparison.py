"""Compares mapped groups with their SSO groups on the what-if page, part by part while the page is open (R21).

For anyone who may see the access settings: `AccessSettingsAdmin` lets no one else in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from identity.models import Group, User
from identity.queries.drift import Comparison, PendingMove, Side
from portal.admin.frame.signed_state import signed, verified
from portal.exchange.csv_out import csv_lines, download

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS_SHOWN = 50
HEADER = ("Group", "What would happen", "Username", "First name", "Last name", "Email")
VERBS = {Side.JOINING: "joins", Side.LEAVING: "leaves"}


def compared(comparison: Comparison) -> dict[str, Any]:
    """What `groups.html` shows of a comparison, and the data its next request sends back."""
    return {
        "comparison": comparison,
        "drifts": comparison.drifts(GROUPS_SHOWN),
        "more_drifts": max(0, len(comparison.group_ids) - GROUPS_SHOWN),
        "so_far": signed(comparison, what="comparison"),
    }


@require_POST
def next_part(request: HttpRequest) -> HttpResponse:
    """The groups found so far plus the next part's; the page requests parts until none remains."""
    comparison = Comparison.resume(verified(request.POST.get("so_far", ""), what="comparison"))
    comparison.go_on()
    context = {**compared(comparison), "progress": comparison.progress}
    return TemplateResponse(request, "admin/identity/accesssettings/groups.html", context)


def moves_file(request: HttpRequest) -> HttpResponseBase:
    """Everyone who would join or leave a mapped group, as CSV."""
    cells = (cell for moves in Comparison().rest() for cell in _cells(moves))
    return download(csv_lines(HEADER, cells), name="what-if-groups", kind="csv")


def _cells(moves: list[PendingMove]) -> Iterator[tuple[object, ...]]:
    groups = Group.objects.in_bulk({move.group_id for move in moves})
    people = User.objects.in_bulk({move.user_id for move in moves})
    for group_id, user_id, side in moves:
        if group_id in groups and (user := people.get(user_id)):
            yield groups[group_id], VERBS[side], user.username, user.first_name, user.last_name, user.email
