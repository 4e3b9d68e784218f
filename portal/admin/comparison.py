"""Mapped groups compared with their SSO groups on the what-if page, part by part while somebody looks (R21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from identity.models import Group, User
from identity.policy import Action
from identity.services.drift import Comparison, Move, Side
from portal.admin.base import decide
from portal.exports import csv_lines, download

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS_SHOWN = 50
SALT = "portal.admin.comparison"
HEADER = ("Group", "What would happen", "Username", "First name", "Last name", "Email")
VERBS = {Side.JOINING: "joins", Side.LEAVING: "leaves"}


def compared(comparison: Comparison) -> dict[str, Any]:
    """What `groups.html` shows of a comparison, and what its next request brings back."""
    return {
        "comparison": comparison,
        "drifts": comparison.drifts(GROUPS_SHOWN),
        "more_drifts": max(0, len(comparison.group_ids) - GROUPS_SHOWN),
        "so_far": signing.dumps(comparison.state(), salt=SALT, compress=True) if comparison.position else "",
    }


@require_POST
def next_part(request: HttpRequest) -> HttpResponse:
    """The groups found so far with those of the next part; the page asks until none remains."""
    decision = decide(request, Action.VIEW_DIRECTORY)
    if not decision:
        raise PermissionDenied(decision.reason)
    try:
        comparison = Comparison.resume(signing.loads(request.POST.get("so_far", ""), salt=SALT))
    except signing.BadSignature as error:
        raise BadRequest("This is no comparison that began here. Open the page anew.") from error
    comparison.go_on()
    context = {**compared(comparison), "progress": comparison.progress}
    return TemplateResponse(request, "admin/identity/accesssettings/groups.html", context)


def moves_file(request: HttpRequest) -> HttpResponseBase:
    """Everybody who would join or leave a mapped group, as CSV."""
    decision = decide(request, Action.VIEW_DIRECTORY)
    if not decision:
        raise PermissionDenied(decision.reason)
    cells = (cell for moves in _parts() for cell in _cells(moves))
    return download(csv_lines(HEADER, cells), name="what-if-groups", kind="csv")


def _parts() -> Iterator[list[Move]]:
    comparison = Comparison()
    while comparison.position:
        yield comparison.go_on()


def _cells(moves: list[Move]) -> Iterator[tuple[object, ...]]:
    groups = Group.objects.in_bulk({move.group_id for move in moves})
    people = User.objects.in_bulk({move.user_id for move in moves})
    for group_id, user_id, side in moves:
        if group_id in groups and (user := people.get(user_id)):
            yield groups[group_id], VERBS[side], user.username, user.first_name, user.last_name, user.email
