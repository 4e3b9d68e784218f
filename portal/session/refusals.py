"""Records refused pages and resources."""

from __future__ import annotations

from django.http import HttpRequest

from identity.core.actors import Person
from identity.core.origins import Origin
from identity.events import Event
from identity.services import traces


def note_refusal(request: HttpRequest, *, code: str = "") -> None:
    """Only the URL's pattern is stored: the URL may contain search terms."""
    user, match = request.user, request.resolver_match
    if user.is_authenticated:
        traces.note(
            Event.ACCESS_REFUSED,
            actor=Person(user),
            origin=Origin.of(request.META),
            method=request.method or "",
            route=match.route if match else "",
            code=code,
        )
