"""What is asked before a request is looked at: signed in? within the token's scope? a reader of this at all?"""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from identity import policy
from identity.core.errors import Refused
from identity.models import Scope
from portal.api.authentication import Credentials
from portal.api.wire import of_django
from portal.session.fresh_sign_in import FRESH_SECONDS, is_fresh


class InScope(BasePermission):
    """The token's scopes; a session has them all."""

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
    """The roles that the whole resource is for; what changes something asks the policy again, in its service."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.seen_by is not None:
            policy.require_view(view.seen_by, actor=view.actor)
        return True


class AtBrowser(BasePermission):
    """SR-11: no token creates another, nor is it shown the secret of one by an Idempotency-Key, nor takes away what
    its person signs in with."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, Credentials):
            raise Refused("No token does that: sign in at a browser.", code="session_required")
        return True


class Fresh(BasePermission):
    """SR-11, SR-19: at a browser, the password was typed within ten minutes. Who made a token did so then."""

    def has_permission(self, request: Request, view: Any) -> bool:
        require_fresh(request)
        return True


def require_fresh(request: Request) -> None:
    """Raise Refused unless a token calls, or somebody who has proven just now who they are."""
    if isinstance(request.auth, Credentials) or is_fresh(of_django(request)):
        return
    minutes = FRESH_SECONDS // 60
    raise Refused(f"This needs a sign-in of the last {minutes} minutes: confirm it.", code="fresh_sign_in_required")
