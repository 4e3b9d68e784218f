"""Everyone affected by one effect of another mode: page by page, by name, and as a file (R21, R22).

For anyone who may see the access settings: `AccessSettingsAdmin` lets no one else in here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from identity.core.decisions import Mode, Switch
from identity.db.keyset import batches
from identity.models import User
from identity.models.users import matching
from identity.queries import what_if
from portal.admin.frame.deciding import mode_of
from portal.admin.frame.parts import ROWS_ON_A_PAGE, searched
from portal.exchange.csv_out import csv_lines, download

HEADER = ("Username", "First name", "Last name", "Email", "Status", "Role", "Identity provider", "What would change")


def asked_switch(request: HttpRequest) -> Switch:
    """The switch requested by the URL; a flag it does not name stays."""
    now = mode_of(request)
    return Switch(now, Mode(_flag(request, "scim", now.scim_enabled), _flag(request, "sso", now.sso_enforced)))


def _flag(request: HttpRequest, name: str, otherwise: bool) -> bool:
    return {"on": True, "off": False}.get(request.GET.get(name, ""), otherwise)


def effect_of(request: HttpRequest) -> what_if.Effect:
    """The effect named by the URL. Raises Http404."""
    found = what_if.effects(asked_switch(request))
    effect = next((effect for effect in found if effect.code == request.GET.get("effect")), None)
    if effect is None:
        raise Http404("These settings would change nothing of the kind.")
    return effect


def people_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Fifty people by username, starting at the one the URL names: the last page costs no more than the first."""
    effect, query, after = effect_of(request), searched(request), request.GET.get("after", "").replace("\0", "")
    rows = _touched(effect, query).order_by("username_key")
    if after:
        rows = rows.filter(username_key__gt=after)
    found = list(rows[: ROWS_ON_A_PAGE + 1])
    page = found[:ROWS_ON_A_PAGE]
    return TemplateResponse(
        request,
        "admin/identity/accesssettings/people.html",
        {
            **context,
            "title": effect.title,
            "effect": effect,
            "after_mode": asked_switch(request).after,
            "people": page,
            "is_first": not after,
            "next_key": page[-1].username_key if len(found) > len(page) else "",
            "q": query,
        },
    )


def _touched(effect: what_if.Effect, query: str) -> QuerySet[User]:
    rows: QuerySet[User] = effect.people.select_related("managed_by")
    return rows.filter(matching(query)) if query else rows


def people_file(request: HttpRequest) -> HttpResponseBase:
    """All of them, or those matching the search, as CSV."""
    effect = effect_of(request)
    rows = _touched(effect, searched(request))
    cells = (cell for batch in batches(rows) for cell in _cells(batch, effect))
    return download(csv_lines(HEADER, cells), name=f"what-if-{effect.code}", kind="csv")


def _cells(batch: list[User], effect: what_if.Effect) -> Iterable[Iterable[object]]:
    for user in batch:
        said = (user.username, user.first_name, user.last_name, user.email)
        yield (*said, user.get_status_display(), user.get_role_display(), user.managed_by, effect.title)
