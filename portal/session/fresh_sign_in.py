"""A fresh sign-in: the password was entered within the last ten minutes (SR-11, SR-19)."""

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
    """When the person signed in at the identity provider (`auth_time`, `AuthnInstant`), in Unix seconds.

    NEVER for anything but a past moment: missing, text, a fraction, the future. A person who strips `max_age` from the
    URL on the way there gets no `auth_time` back, and has proven nothing (OIDC Core 3.1.2.1).
    """
    is_moment = isinstance(said, int) and not isinstance(said, bool)
    return float(said) if is_moment and 0 < said <= time.time() + SKEW_SECONDS else NEVER


def is_sensitive(user: User, actor: Person) -> bool:
    """Whether editing this account requires a fresh sign-in, on every door that has a session."""
    return actor.id == user.pk or user.role != Role.MEMBER


def mark_fresh(request: HttpRequest, *, at: float | None = None) -> None:
    """Record in the session when (Unix seconds; now unless given) the user last authenticated."""
    now = time.time()
    request.session[_KEY] = now if at is None else min(at, now)


def is_fresh(request: HttpRequest) -> bool:
    signed_in_at: float = request.session.get(_KEY, 0.0)
    return 0 <= time.time() - signed_in_at < FRESH_SECONDS


def redirect_to_confirmation(request: HttpRequest) -> HttpResponseRedirect:
    """To "confirm your password", and back to this page (a POST's own data is not carried over)."""
    return HttpResponseRedirect(f"{reverse('confirm_password')}?{urlencode({'next': request.get_full_path()})}")
