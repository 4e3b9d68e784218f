"""SCIM tokens: created, revoked and recognised (R23)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from identity import audit, policy
from identity.core import secrets
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Refused
from identity.core.keys import label_or
from identity.core.networks import networks as known_networks
from identity.core.refusals import Refusal
from identity.core.ways import Way
from identity.db.locks import lock
from identity.events import Event
from identity.models import IdentityProvider, SCIMToken
from identity.services import notices, provider_contacts

if TYPE_CHECKING:
    from identity.core.actors import Actor

LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenBearer:
    """What a presented token identifies.

    `noted`: its last use was recorded within the last minute. `watched`: an administrator is watching. `way`,
    `is_awaited` and `is_braked` as of a `Provisioner`.
    """

    token_id: int
    label: str
    identity_provider_id: int
    asks_before_adopting: bool
    identifies_by_external_id: bool
    refuses_nested_groups: bool
    way: Way
    is_awaited: bool
    keeps_requests: bool
    is_braked: bool
    noted: bool
    watched: bool
    networks: str
    is_read_only: bool
    is_static_refused: bool  # it was made to be pasted, and its provider takes access tokens alone (R29)


@transaction.atomic
def create_token(
    identity_provider: IdentityProvider,
    *,
    label: str,
    expires_at: datetime | None = None,
    networks: str = "",
    is_read_only: bool = False,
    actor: Actor,
) -> tuple[SCIMToken, str]:
    """A new token and its secret, which only the caller ever holds; `networks` that it works from, else everywhere."""
    identity_provider = lock(IdentityProvider, identity_provider.pk)
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=identity_provider)
    if identity_provider.refuses_static_tokens:
        raise Refused(Refusal.STATIC_TOKENS_REFUSED(provider=identity_provider), code="static_tokens_refused")
    check_expiry(expires_at)
    secret = secrets.new_token(secrets.SCIM_PREFIX)
    token = SCIMToken.objects.create(
        identity_provider=identity_provider,
        label=label_or(label, "SCIM token"),
        digest=secrets.digest(secret),
        hint=secrets.hint(secret),
        created_by=getattr(actor, "user", None),
        expires_at=expires_at,
        networks=known_networks(networks),
        is_read_only=is_read_only,
    )
    audit.record(
        Event.SCIM_TOKEN_CREATED,
        actor=actor,
        identity_provider_id=identity_provider.pk,
        details={"token": token.pk, "label": token.label, "hint": token.hint, **_limits_if_any(token)},
    )
    notices.tell_owners_of_trust(identity_provider, "SCIM token created", str(token), actor=actor)
    return token, secret


@transaction.atomic
def edit_token(token: SCIMToken, *, label: str, networks: str, is_read_only: bool, actor: Actor) -> SCIMToken:
    """Rename it, or set where it works from and whether it only reads; its secret stays. Raises InvalidValue."""
    provider = lock(IdentityProvider, token.identity_provider_id)
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=provider)
    token = lock(SCIMToken, token.pk)
    before = _settings(token)
    token.label = label_or(label, "SCIM token")
    token.networks, token.is_read_only = known_networks(networks), is_read_only
    token.save(update_fields=["label", "networks", "is_read_only"])
    changed = audit.changes(before, _settings(token))
    audit.record(
        Event.SCIM_TOKEN_EDITED,
        actor=actor,
        identity_provider_id=provider.pk,
        details={"token": token.pk, "hint": token.hint, **changed},
    )
    notices.tell_owners_of_trust(provider, "SCIM token changed", str(token), actor=actor)
    return token


def _settings(token: SCIMToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in ("label", "networks", "is_read_only")}


def _limits_if_any(token: SCIMToken) -> dict[str, Any]:
    return {name: value for name in ("networks", "is_read_only") if (value := getattr(token, name))}


def check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidValue("expires at", "must lie in the future")


@transaction.atomic
def revoke_token(token: SCIMToken, *, actor: Actor) -> None:
    """Delete the token: the next request with it gets 401 on every worker (SR-12)."""
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    token = lock(SCIMToken, token.pk)
    audit.record(
        Event.SCIM_TOKEN_REVOKED,
        actor=actor,
        identity_provider_id=token.identity_provider_id,
        details={"token": token.pk, "label": token.label, "hint": token.hint},
    )
    token.delete()


_BEARER = """
    SELECT t.id, t.label, t.hint, t.identity_provider_id, p.asks_before_adopting,
           p.identifies_by_external_id, p.refuses_nested_groups, p.keeps_requests, s.scim_enabled, p.paused_at,
           EXISTS (SELECT 1 FROM identity_turnedaway w
                    WHERE w.identity_provider_id = p.id AND w.state IN ('open', 'awaited')),
           EXISTS (SELECT 1 FROM identity_brake b WHERE b.identity_provider_id = p.id AND b.braked_at IS NOT NULL),
           t.last_used_at IS NOT NULL AND t.last_used_at > %s, p.watched_until IS NOT NULL AND p.watched_until > %s,
           t.networks, t.is_read_only, p.refuses_static_tokens AND t.trust_id IS NULL
      FROM identity_scimtoken t
      JOIN identity_identityprovider p ON p.id = t.identity_provider_id
      JOIN identity_accesssettings s ON s.id = 1
     WHERE t.digest = %s AND (t.expires_at IS NULL OR t.expires_at > %s)
"""


def find_bearer(secret: str) -> TokenBearer | None:
    """The bearer of this secret, or None. One fixed statement by unique index: every request pays for it."""
    if not any(secrets.looks_like_token(secret, prefix) for prefix in (secrets.SCIM_PREFIX, secrets.ACCESS_PREFIX)):
        return None
    now = timezone.now()
    moments = [connection.ops.adapt_datetimefield_value(moment) for moment in (now - LAST_USED_STEP, now)]
    row = _first_row(_BEARER, [*moments, secrets.digest(secret), moments[1]])
    if row is None:
        return None
    token_id, label, hint, provider_id, asks, identifies, refuses, keeps, *ways_and_limits = row
    enabled, paused, awaited, braked, noted, watched, networks, is_read_only, is_static_refused = ways_and_limits
    return TokenBearer(
        token_id=token_id,
        label=f"{label} ({hint})",
        identity_provider_id=provider_id,
        asks_before_adopting=bool(asks),
        identifies_by_external_id=bool(identifies),
        refuses_nested_groups=bool(refuses),
        way=(Way.PAUSED if paused else Way.OPEN) if enabled else Way.SCIM_OFF,
        keeps_requests=bool(keeps),
        is_awaited=bool(awaited),
        is_braked=bool(braked),
        noted=bool(noted),
        watched=bool(watched),
        networks=networks,
        is_read_only=bool(is_read_only),
        is_static_refused=bool(is_static_refused),
    )


TRIAL = "gatehouse.bearer_of_trial"
"""In a request's environment, where no client can put anything: the bearer of a request that is rolled back."""


def bearer_of_trial(provider: IdentityProvider) -> TokenBearer:
    """Who sends a request that is tried out: this IdP with a token, and let in."""
    return TokenBearer(
        token_id=0,
        label="Try a request",
        identity_provider_id=provider.pk,
        asks_before_adopting=provider.asks_before_adopting,
        identifies_by_external_id=provider.identifies_by_external_id,
        refuses_nested_groups=provider.refuses_nested_groups,
        way=Way.OPEN,
        is_awaited=False,
        keeps_requests=False,
        is_braked=False,  # the brake itself is asked again under its lock
        noted=True,
        watched=False,
        networks="",
        is_read_only=False,
        is_static_refused=False,
    )


def _first_row(sql: str, parameters: list[Any]) -> Any:
    """The row of a request's first statement, on a new connection if the persistent one is broken (SR-40).

    The statement itself shows whether the connection works, where Django would send an extra one.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]  # missing in the stubs
    try:
        return _fetched(sql, parameters)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
    connection.close()
    return _fetched(sql, parameters)


def _fetched(sql: str, parameters: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()


def note_use(bearer: TokenBearer, *, address: str) -> None:
    """Record when and from where a token was last used, and that its IdP called in this hour.

    Called at most once a minute.
    """
    now = timezone.now()
    SCIMToken.objects.filter(pk=bearer.token_id).update(last_used_at=now, last_used_from=address[:64])
    provider_contacts.note_contact(bearer.identity_provider_id, now)
