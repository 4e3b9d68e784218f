"""Safeguards of identity providers and their connections: a way to sign in remains (R22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from identity.core.decisions import ALLOWED, Decision
from identity.core.refusals import Refusal
from identity.models import SSOConnection, SSOIdentity, User
from identity.safeguards.asked import Asked, refused, so_already

if TYPE_CHECKING:
    from django.db.models import QuerySet


def connection_enabled_already(asked: Asked) -> Decision:
    if asked.connection is None or not asked.connection.is_enabled:
        return ALLOWED
    return so_already("already_enabled", Refusal.CONNECTION_ON())


def connection_disabled_already(asked: Asked) -> Decision:
    if asked.connection is None or asked.connection.is_enabled:
        return ALLOWED
    return so_already("already_disabled", Refusal.CONNECTION_OFF())


def last_connection(asked: Asked) -> Decision:
    """While SSO is enforced, the last connection is the only way in for nearly everyone."""
    leaving = _leaving(asked)
    if leaving is None or not leaving.filter(is_enabled=True).exists() or not asked.now.is_sso_enforced:
        return ALLOWED
    if SSOConnection.objects.enabled().exclude(pk__in=leaving.values("pk")).exists():
        return ALLOWED
    return refused(
        "last_connection",
        Refusal.LAST_CONNECTION(),
    )


def _leaving(asked: Asked) -> QuerySet[SSOConnection] | None:
    rows: QuerySet[SSOConnection] = SSOConnection.objects.all()
    if asked.connection is not None:
        return rows.filter(pk=asked.connection.pk)
    return None if asked.identity_provider is None else rows.filter(identity_provider=asked.identity_provider.pk)


def enforced_already(asked: Asked) -> Decision:
    return so_already("already_enforced", Refusal.SSO_ENFORCED_ALREADY()) if asked.now.is_sso_enforced else ALLOWED


def break_glass_not_proven(asked: Asked) -> Decision:
    """A break-glass account must have signed in with its second step before SSO is enforced."""
    if User.objects.proven_break_glass().exists():
        return ALLOWED
    return refused(
        "no_break_glass_account",
        Refusal.BREAK_GLASS_NOT_PROVEN(),
    )


def sso_login_not_proven(asked: Asked) -> Decision:
    """The owner who enforces SSO must have signed in by it, through an identity provider that still works."""
    if asked.actor is not None and asked.actor.kind == "user" and _has_signed_in_by_sso(asked.actor.id):
        return ALLOWED
    return refused(
        "sso_login_not_proven",
        Refusal.SSO_NOT_PROVEN(),
    )


def _has_signed_in_by_sso(user_id: int | None) -> bool:
    identities = SSOIdentity.objects.filter(user=user_id, last_login_at__isnull=False)
    return identities.filter(identity_provider__sso_connections__is_enabled=True).exists()
