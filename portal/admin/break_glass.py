"""The drill: when each break-glass account was last proven to open the portal (R22)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from identity.models import User
from portal.auth import has_second_factor

DRILL_EVERY = timedelta(days=90)


def drill_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Each break-glass account, its second step, and its last sign-in with it."""
    people = User.objects.break_glass()
    rows = [(user, has_second_factor(user), user.last_proven, _is_due(user.last_proven)) for user in people]
    extra = {"title": "Break-glass accounts", "rows": rows, "days": DRILL_EVERY.days}
    return TemplateResponse(request, "admin/portal/break_glass.html", {**context, **extra})


def _is_due(at: datetime | None) -> bool:
    return at is None or at < timezone.now() - DRILL_EVERY
