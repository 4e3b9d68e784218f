"""Mapped groups compared with their SSO groups on the what-if page, part by part while somebody looks (R21)."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from identity.policy import Action
from identity.services.drift import Comparison
from portal.admin.base import decide

GROUPS_SHOWN = 50
SALT = "portal.admin.comparison"


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
