"""The break-glass drill: when each account last proved that it can sign in (R22)."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from identity.core.decisions import Action
from identity.models import User
from identity.queries.alarm_states import DRILL_EVERY
from portal.admin.frame.deciding import decide
from portal.admin.frame.site import site


def drill_page(request: HttpRequest) -> HttpResponse:
    """Each break-glass account, its second step, and its last sign-in with it; for administrators."""
    decision = decide(request, Action.VIEW_DIRECTORY)
    if not decision:
        raise PermissionDenied(decision.reason)
    people = User.objects.break_glass()
    rows = [(user, user.has_second_step, user.last_proven, _is_due(user.last_proven)) for user in people]
    extra = {"title": "Break-glass accounts", "rows": rows, "days": DRILL_EVERY.days}
    return TemplateResponse(request, "admin/portal/break_glass.html", {**site.each_context(request), **extra})


def _is_due(at: datetime | None) -> bool:
    return at is None or at < timezone.now() - DRILL_EVERY


site.add_urls(lambda site: [path("break-glass/", site.admin_view(drill_page), name="break_glass")])
