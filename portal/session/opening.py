"""The last step of every way to sign in: a session is opened, and the person is redirected."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from identity.core.actors import Person
from identity.core.errors import Refused
from identity.core.origins import Origin
from identity.models import SSOConnection, User
from identity.services import users
from portal.session.auth import PASSWORD_BACKEND, SSO_BACKEND
from portal.session.fresh_sign_in import mark_fresh
from portal.session.sessions import remember_session, renew_key

SSO_METHODS = frozenset(SSOConnection.Protocol.values)


def let_in(
    request: HttpRequest, user: User, *, method: str, proven_at: float | None = None, second_step: bool = False
) -> None:
    """Open a session for an authenticated user; `method` is what the audit trail records.

    `proven_at` (Unix seconds) is when they authenticated, if not just now: an identity provider may vouch for a person
    who signed in there hours ago. `second_step`: a code followed the password. Raises Refused while another user is
    signed in in this browser: callers check `is_somebody_else` first.
    """
    if is_somebody_else(request, user):
        raise Refused("Another user is signed in in this browser.", code="somebody_else_is_signed_in")
    user.signed_in_by_sso = method in SSO_METHODS
    is_in_already = request.user.is_authenticated
    login(request, user, backend=SSO_BACKEND if user.signed_in_by_sso else PASSWORD_BACKEND)
    if is_in_already:  # a confirmation: Django keeps the session key when the same user signs in again
        renew_key(request)
    request.session["signed_in_by"] = method
    mark_fresh(request, at=proven_at)
    remember_session(request, method=method)
    origin = Origin.of(request.META)
    users.record_login(user, method=method, second_step=second_step, origin=origin, actor=Person(user))


def is_somebody_else(request: HttpRequest, user: User) -> bool:
    """Whether this browser's session is another user's: it is never switched without asking."""
    return request.user.is_authenticated and request.user.pk != user.pk


def ask_to_sign_out(request: HttpRequest, user: User, why: str) -> HttpResponse:
    """The page shown instead of switching: who is signed in, who would be (`why`), and both options."""
    context = {"title": "Another user is signed in here", "why": why, "arriving": user}
    return render(request, "portal/somebody_else.html", context, status=409)


def is_own_page(request: HttpRequest, target: str) -> bool:
    """SR-31: no sign-in redirects to another site."""
    return url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())


def landing_url(request: HttpRequest, user: User, target: str = "") -> str:
    """Where to go after sign-in: the requested page, if this user may see it, else home."""
    target = target or request.POST.get("next") or request.GET.get("next") or ""
    may_see = user.is_staff or not target.startswith(reverse("admin:index"))
    if target != "/" and may_see and is_own_page(request, target):
        return target
    return reverse("admin:index") if user.is_staff else reverse("profile")
