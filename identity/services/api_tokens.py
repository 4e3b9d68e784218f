"""Personal tokens for the REST API: created by their owner, ended by the owner, an administrator or disabling (R13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from identity import audit, policy
from identity.core import secrets
from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.core.keys import label_or
from identity.db.locks import lock
from identity.events import Event
from identity.models import APIToken, Scope, Status, User
from identity.services import notices
from identity.services.notices import SecurityChange
from identity.services.scim_tokens import check_expiry

if TYPE_CHECKING:
    from identity.core.actors import Actor

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A token's use of the current minute: requests so far, including this one, of `limit`."""

    requests: int
    limit: int
    seconds_left: int

    @property
    def is_over(self) -> bool:
        return self.requests > self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.requests)


@transaction.atomic
def create_api_token(
    *, label: str, scopes: Iterable[str], expires_at: datetime | None = None, actor: Actor
) -> tuple[APIToken, str]:
    """A new token for the acting person, and its secret, which is never shown again."""
    policy.require(Action.CREATE_API_TOKEN, actor=actor)
    user = lock(User, actor.id or 0)
    policy.require(Action.CREATE_API_TOKEN, actor=actor, user=user)
    check_expiry(expires_at)
    secret = secrets.new_token(secrets.API_PREFIX)
    token = APIToken.objects.create(
        user=user,
        label=label_or(label, "API token"),
        scopes=_checked(scopes),
        digest=secrets.digest(secret),
        hint=secrets.hint(secret),
        expires_at=expires_at,
    )
    _record(Event.API_TOKEN_CREATED, token, actor)
    notices.tell_of_security_change(user, SecurityChange.API_TOKEN_CREATED, detail=str(token))
    return token, secret


def _checked(scopes: Iterable[str]) -> str:
    wanted = set(scopes)
    if not wanted or not wanted <= set(Scope.values):
        raise InvalidValue("scopes", f"must be one or more of {', '.join(Scope.values)}")
    return " ".join(scope for scope in Scope.values if scope in wanted)


@transaction.atomic
def revoke_api_token(token: APIToken, *, actor: Actor) -> None:
    """Delete the token: the next request with it gets 401 on every worker."""
    token = lock(APIToken, token.pk)
    policy.require(Action.REVOKE_API_TOKEN, actor=actor, api_token=token)
    _record(Event.API_TOKEN_REVOKED, token, actor)
    notices.tell_of_security_change(token.user, SecurityChange.API_TOKEN_REVOKED, detail=str(token))
    token.delete()


def _record(action: Event, token: APIToken, actor: Actor) -> None:
    audit.record(
        action,
        actor=actor,
        user_id=token.user_id,
        details={"token": token.pk, "hint": token.hint, "scopes": token.scopes},
    )


def find_api_token(secret: str) -> APIToken | None:
    """The live token with this secret, if its owner is enabled; else None."""
    if not secrets.looks_like_token(secret, secrets.API_PREFIX):
        return None
    rows = APIToken.objects.live().select_related("user").filter(user__status=Status.ENABLED)
    return rows.filter(digest=secrets.digest(secret)).first()


def note_use(token: APIToken, *, address: str, limit: int) -> TokenUse:
    """Count a request in the current minute, and record when and from where the token was used.

    One statement, in the database that all workers share. Past the limit nothing is written.
    """
    now = timezone.now()
    window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
    before = token.requests if token.window == window else 0
    use = TokenUse(before + 1, limit, WINDOW_SECONDS - passed)
    if not use.is_over:
        APIToken.objects.filter(pk=token.pk).update(
            requests=Case(When(window=window, then=F("requests") + 1), default=Value(1)),
            window=window,
            last_used_at=now,
            last_used_from=address[:64],
        )
    return use
