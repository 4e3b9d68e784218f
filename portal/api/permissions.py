"""Checks before a request is handled: signed in, within the token's scope, allowed to read the resource."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from identity import policy
from identity.core.errors import Refused
from identity.models import Scope
from portal.api.authentication import Credentials
from portal.api.json_bodies import of_django
from portal.session.fresh_sign_in import FRESH_SECONDS, is_fresh


class InScope(BasePermission):
    """The token's scopes; a session has all of them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        scope = scope_of(view, str(request.method))
        if isinstance(request.auth, Credentials) and not request.auth.allows(scope):
            raise Refused(f"This token lacks the scope {scope}.", code="scope_required")
        return True


def scope_of(view: Any, method: str) -> str:
    """The scope that this method of this view needs."""
    if view.scope:
        return str(view.scope)
    return Scope.READ if method in SAFE_METHODS else Scope.WRITE


class MayRead(BasePermission):
    """The roles that may read the whole resource; writes ask the policy again, in their service."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.seen_by is not None:
            policy.require(view.seen_by, actor=view.actor)
        return True


class AtBrowser(BasePermission):
    """SR-11: no token creates another, or is shown its secret by an Idempotency-Key, or removes what its
    owner signs in with."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, Credentials):
            raise Refused("No token does that: sign in at a browser.", code="session_required")
        return True


class Fresh(BasePermission):
    """SR-11, SR-19: in a browser, the password was entered within ten minutes. A token's owner did so to create it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        require_fresh(request)
        return True


def require_fresh(request: Request) -> None:
    """Raise Refused unless the caller uses a token, or has just confirmed their identity."""
    if isinstance(request.auth, Credentials) or is_fresh(of_django(request)):
        return
    minutes = FRESH_SECONDS // 60
    raise Refused(f"This needs a sign-in of the last {minutes} minutes: confirm it.", code="fresh_sign_in_required")
