"""A fresh sign-in: the password was typed within the last ten minutes (SR-11, SR-19)."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

FRESH_SECONDS = 10 * 60
_KEY = "signed_in_at"


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
