"""A fresh sign-in: the password was typed within the last ten minutes (SR-11, SR-19)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from identity.core.actors import Person
from identity.models import Role, User

FRESH_SECONDS = 10 * 60
SKEW_SECONDS = 60  # SR-42
NEVER = 0.0
_KEY = "signed_in_at"


def moment_of_proof(said: Any) -> float:
    """When an identity provider says that somebody signed in there (`auth_time`, `AuthnInstant`), in Unix seconds.

    NEVER for what is no moment of the past: left out, a text, a fraction, the future. Whoever strips `max_age` from the
    address on the way there gets no `auth_time` back, and has proven nothing (OIDC Core 3.1.2.1).
    """
    is_moment = isinstance(said, int) and not isinstance(said, bool)
    return float(said) if is_moment and 0 < said <= time.time() + SKEW_SECONDS else NEVER


def is_sensitive(user: User, actor: Person) -> bool:
    """Whether editing this account asks for a fresh sign-in, on every door that has a session."""
    return actor.id == user.pk or user.role != Role.MEMBER


def mark_fresh(request: HttpRequest, *, at: float | None = None) -> None:
    """Remember in the session when (Unix seconds; now unless given) the person has proven who they are."""
    now = time.time()
    request.session[_KEY] = now if at is None else min(at, now)


def is_fresh(request: HttpRequest) -> bool:
    signed_in_at: float = request.session.get(_KEY, 0.0)
    return 0 <= time.time() - signed_in_at < FRESH_SECONDS


def redirect_to_confirmation(request: HttpRequest) -> HttpResponseRedirect:
    """To "confirm your password", and back to this page (a POST's own data are not carried over)."""
    return HttpResponseRedirect(f"{reverse('confirm_password')}?{urlencode({'next': request.get_full_path()})}")
