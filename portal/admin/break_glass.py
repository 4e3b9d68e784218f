"""The drill: when each break-glass account was last proven to open the portal (R22)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from identity.models import AuditEvent, User
from portal.second_factor import has_second_factor

DRILL_EVERY = timedelta(days=90)


def drill_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Each break-glass account, its second step, and its last successful sign-in."""
    people = list(User.objects.break_glass())
    rows = [(user, has_second_factor(user), at, _is_due(at)) for user, at in _last_proven(people)]
    extra = {"title": "Break-glass accounts", "rows": rows, "days": DRILL_EVERY.days}
    return TemplateResponse(request, "admin/portal/break_glass.html", {**context, **extra})


def _last_proven(people: list[User]) -> list[tuple[User, datetime | None]]:
    events = AuditEvent.objects.filter(action="user.break_glass_login", user_id__in=[user.pk for user in people])
    last = dict(events.order_by().values_list("user_id").annotate(Max("at")))
    return [(user, last.get(user.pk)) for user in people]


def _is_due(at: datetime | None) -> bool:
    return at is None or at < timezone.now() - DRILL_EVERY
