"""Who asks, what is decided for them, and how a page shows an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action, Decision, Mode
from identity.core.errors import GatehouseError, InvalidValue, NotFound, Refused, Taken
from identity.models import APIToken, Asset, BulkRun, Conflict, Group, IdentityProvider, SSOConnection, SSOGroup, User
from identity.safeguards.asked import About, Situation

# A refused form is not a success, for scripts and tests as for people.
STATUS: dict[type[GatehouseError], int] = {Refused: 403, NotFound: 404, InvalidValue: 400, Taken: 409}


def person_of(request: HttpRequest) -> Person:
    """The actor of this request; a single one, so that all its events share a request id."""
    person: Person | None = getattr(request, "person", None)
    if person is None:
        person = request.person = Person(request.user)  # type: ignore[attr-defined, arg-type]
    return person


def mode_of(request: HttpRequest) -> Mode:
    """The two flags, read once per request, for display. Services read them again when they write."""
    return situation_of(request).mode


def situation_of(request: HttpRequest) -> Situation:
    """What decisions depend on beyond the rows in question, read at most once per request."""
    found: Situation | None = getattr(request, "situation", None)
    if found is None:
        found = request.situation = Situation()  # type: ignore[attr-defined]
    return found


def decide(request: HttpRequest, action: Action, **about: Unpack[About]) -> Decision:
    """`policy.decide` for the signed-in user."""
    return policy.decide(action, actor=person_of(request), now=situation_of(request), **about)


ASKED_AS: dict[type[Model], str] = {
    User: "user",
    Group: "group",
    SSOGroup: "sso_group",
    IdentityProvider: "identity_provider",
    SSOConnection: "connection",
    Conflict: "conflict",
    APIToken: "api_token",
    Asset: "asset",
    BulkRun: "run",
}


def run(request: HttpRequest, service: Callable[[], object], success: str) -> bool:
    """Call a service and report the result as a page message; True when it worked."""
    try:
        service()
    except GatehouseError as error:
        messages.error(request, error.sentence)
        return False
    messages.success(request, success)
    return True


def status_of(error: GatehouseError) -> int:
    """The HTTP status of a page that shows this error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 409)
