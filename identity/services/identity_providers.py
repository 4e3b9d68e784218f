"""Identity providers: created, changed and removed by administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.core.keys import label_key
from identity.core.refusals import Refusal
from identity.db.locks import lock, locked
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import Group, GroupMapping, IdentityProvider, RetiredResource, SCIMToken, SSOUser, User
from identity.services import notices
from identity.services.provisioning import memberships

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from identity.core.actors import Actor


@transaction.atomic
def create_identity_provider(
    *,
    name: str,
    kind: str = IdentityProvider.Kind.OTHER,
    asks_before_adopting: bool = False,
    refuses_nested_groups: bool = False,
    identifies_by_external_id: bool | None = None,
    keeps_requests: bool | None = None,
    actor: Actor,
) -> IdentityProvider:
    """A new IdP, without tokens; its kind decides whether external IDs identify people, unless given.

    Raises Taken, InvalidValue.
    """
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    provider = IdentityProvider()
    _switch(
        provider,
        asks_before_adopting=asks_before_adopting,
        refuses_nested_groups=refuses_nested_groups,
        identifies_by_external_id=identifies_by_external_id,
        keeps_requests=keeps_requests,
    )
    _save(provider, name, kind)
    if identifies_by_external_id is None and IdentityProvider.Kind(kind).has_permanent_external_ids:
        provider.identifies_by_external_id = True
        provider.save(update_fields=["identifies_by_external_id"])
    audit.record(
        Event.IDENTITY_PROVIDER_CREATED,
        actor=actor,
        identity_provider_id=provider.pk,
        details=_settings(provider),
    )
    return provider


@transaction.atomic
def edit_identity_provider(
    provider: IdentityProvider,
    *,
    name: str,
    kind: str,
    asks_before_adopting: bool,
    refuses_nested_groups: bool | None = None,
    identifies_by_external_id: bool | None = None,
    keeps_requests: bool | None = None,
    refuses_static_tokens: bool | None = None,
    actor: Actor,
) -> IdentityProvider:
    """Rename, or set whether it asks before adopting (R5), refuses nested groups (R14), identifies people by
    external ID (R9), takes access tokens alone (R29), and whether the provisioning log keeps its requests.

    None leaves a value unchanged.
    """
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    provider = lock(IdentityProvider, provider.pk)
    before = _settings(provider)
    if refuses_static_tokens is not None and refuses_static_tokens != provider.refuses_static_tokens:
        _set_static_tokens(provider, refuses_static_tokens, actor)
    _switch(
        provider,
        asks_before_adopting=asks_before_adopting,
        refuses_nested_groups=refuses_nested_groups,
        identifies_by_external_id=identifies_by_external_id,
        keeps_requests=keeps_requests,
    )
    _save(provider, name, kind)
    audit.record(
        Event.IDENTITY_PROVIDER_EDITED,
        actor=actor,
        identity_provider_id=provider.pk,
        details=audit.changes(before, _settings(provider)),
    )
    return provider


def pause_identity_provider(provider: IdentityProvider, *, actor: Actor) -> IdentityProvider:
    """R25: what it writes is turned away and kept account of, what it reads is answered; sign-ins go on."""
    return _set_paused(provider, timezone.now(), Action.PAUSE_PROVIDER, Event.IDENTITY_PROVIDER_PAUSED, actor)


def resume_identity_provider(provider: IdentityProvider, *, actor: Actor) -> IdentityProvider:
    """R25: what it writes from now on is let in. What was turned away waits for a decision (R24)."""
    return _set_paused(provider, None, Action.RESUME_PROVIDER, Event.IDENTITY_PROVIDER_RESUMED, actor)


@transaction.atomic
def _set_paused(
    provider: IdentityProvider, at: datetime | None, action: Action, event: Event, actor: Actor
) -> IdentityProvider:
    provider = lock(IdentityProvider, provider.pk)
    if not policy.require(action, actor=actor, identity_provider=provider).fits:
        return provider
    provider.paused_at = at
    provider.save(update_fields=["paused_at"])
    audit.record(event, actor=actor, identity_provider_id=provider.pk)
    return provider


@transaction.atomic
def delete_identity_provider(provider: IdentityProvider, *, actor: Actor) -> None:
    """Remove an IdP from the portal: its tokens, records, SSO groups and mappings go.

    Its people stay as they are, with their groups, and are released: no IdP manages them any more (section
    4). Groups that another IdP feeds as well keep following that one (R15). Raises Refused if no one could sign
    in any more (R22).
    """
    provider = lock(IdentityProvider, provider.pk)
    policy.require(Action.DELETE_PROVIDER, actor=actor, identity_provider=provider)
    event = audit.record(
        Event.IDENTITY_PROVIDER_DELETED,
        actor=actor,
        identity_provider_id=provider.pk,
        details={"name": provider.name, **usage(provider)},
    )
    notices.tell_owners_of_trust(provider, "Identity provider deleted", provider.name, actor=actor)
    mappings = GroupMapping.objects.filter(sso_group__identity_provider=provider)
    groups = locked(Group.objects.filter(pk__in=mappings.values("group")))
    mappings.delete()
    User.objects.filter(managed_by=provider).update(managed_by=None)
    provider.delete()
    if policy.current_mode().scim_enabled:
        joined, left = memberships.follow_mappings([group for group in groups if group.mappings.exists()])
        audit.record_moves(event, joined=joined, left=left)


def usage(provider: IdentityProvider, *, most: int | None = None) -> dict[str, int]:
    """How much depends on an IdP; each count stops at `most` + 1, for a page that can't wait."""
    counted: dict[str, QuerySet[Any]] = {
        "users": User.objects.filter(managed_by=provider),
        "sso_users": SSOUser.objects.of(provider.pk),
        "sso_groups": provider.sso_groups.all(),
        "mappings": GroupMapping.objects.filter(sso_group__identity_provider=provider),
        "tokens": SCIMToken.objects.made().filter(identity_provider=provider),
        "trusts": provider.scim_trusts.all(),
        "retired": RetiredResource.objects.filter(identity_provider=provider),
    }
    limit = None if most is None else most + 1
    return {name: rows.order_by().values("pk")[:limit].count() for name, rows in counted.items()}


def _set_static_tokens(provider: IdentityProvider, refused: bool, actor: Actor) -> None:
    """Only once a trust has worked, so that provisioning does not stop."""
    policy.require(Action.CHANGE_TRUST, actor=actor, identity_provider=provider)
    if refused and not provider.scim_trusts.exclude(last_accepted_at=None).exists():
        raise InvalidValue("refuses static tokens", Refusal.NO_TRUST_YET())
    provider.refuses_static_tokens = refused
    what = "SCIM tokens switched off" if refused else "SCIM tokens switched on again"
    notices.tell_owners_of_trust(provider, what, provider.name, actor=actor)


def _switch(provider: IdentityProvider, **flags: bool | None) -> None:
    for name, value in flags.items():
        if value is not None:
            setattr(provider, name, value)


def _save(provider: IdentityProvider, name: str, kind: str) -> None:
    if kind not in IdentityProvider.Kind.values:
        raise InvalidValue("kind", f"must be one of {', '.join(IdentityProvider.Kind.values)}")
    provider.name, provider.name_key = name.strip(), label_key(name, "name")
    provider.kind = kind
    with taken_when(f"There is an identity provider named {provider.name} already."):
        provider.save()


def _settings(provider: IdentityProvider) -> dict[str, object]:
    return {
        "name": provider.name,
        "kind": provider.kind,
        "asks_before_adopting": provider.asks_before_adopting,
        "refuses_nested_groups": provider.refuses_nested_groups,
        "identifies_by_external_id": provider.identifies_by_external_id,
        "keeps_requests": provider.keeps_requests,
        "refuses_static_tokens": provider.refuses_static_tokens,
    }
