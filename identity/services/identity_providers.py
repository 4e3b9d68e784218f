"""Identity providers: set up, changed and taken off the portal by administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit, policy
from identity.errors import Taken
from identity.keys import label_key
from identity.models import GroupMapping, IdentityProvider, RetiredResource, SSOUser, User
from identity.policy import Action
from identity.services.locks import lock

if TYPE_CHECKING:
    from identity.actors import Actor


@transaction.atomic
def create_identity_provider(
    *, name: str, kind: str = IdentityProvider.Kind.OTHER, asks_before_adopting: bool = False, actor: Actor
) -> IdentityProvider:
    """A new IdP, without tokens. Raises Taken, InvalidValue."""
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    name = name.strip()
    provider = IdentityProvider.objects.create(
        name=name, name_key=_free_key(name), kind=kind, asks_before_adopting=asks_before_adopting
    )
    audit.record(
        "identity_provider.created",
        actor=actor,
        identity_provider_id=provider.pk,
        details={"name": name, "kind": kind},
    )
    return provider


@transaction.atomic
def edit_identity_provider(
    provider: IdentityProvider, *, name: str, kind: str, asks_before_adopting: bool, actor: Actor
) -> IdentityProvider:
    """Rename, or set whether it asks before adopting existing users (R5)."""
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    provider = lock(IdentityProvider, provider.pk)
    before = {
        "name": provider.name,
        "kind": provider.kind,
        "asks_before_adopting": provider.asks_before_adopting,
    }
    provider.name, provider.kind = name.strip(), kind
    provider.asks_before_adopting = asks_before_adopting
    provider.name_key = _free_key(provider.name, provider)
    provider.save()
    after = {
        "name": provider.name,
        "kind": provider.kind,
        "asks_before_adopting": provider.asks_before_adopting,
    }
    audit.record(
        "identity_provider.edited",
        actor=actor,
        identity_provider_id=provider.pk,
        details={key: audit.change(before[key], after[key]) for key in after if before[key] != after[key]},
    )
    return provider


@transaction.atomic
def delete_identity_provider(provider: IdentityProvider, *, actor: Actor) -> None:
    """Take an IdP off the portal: its tokens, records, SSO groups and mappings go.

    Its people stay as they are, with their groups, and are released: nobody manages them any more (section 4).
    """
    policy.require(Action.MANAGE_PROVIDERS, actor=actor)
    provider = lock(IdentityProvider, provider.pk)
    audit.record(
        "identity_provider.deleted",
        actor=actor,
        identity_provider_id=provider.pk,
        details={"name": provider.name, **usage(provider)},
    )
    GroupMapping.objects.filter(sso_group__identity_provider=provider).delete()
    User.objects.filter(managed_by=provider).update(managed_by=None)
    provider.delete()


def usage(provider: IdentityProvider) -> dict[str, int]:
    """How much hangs on an IdP, for the page that asks before it is deleted."""
    return {
        "users": User.objects.filter(managed_by=provider).count(),
        "sso_users": SSOUser.objects.of(provider.pk).count(),
        "sso_groups": provider.sso_groups.count(),
        "mappings": GroupMapping.objects.filter(sso_group__identity_provider=provider).count(),
        "tokens": provider.scim_tokens.count(),
        "retired": RetiredResource.objects.filter(identity_provider=provider).count(),
    }


def _free_key(name: str, provider: IdentityProvider | None = None) -> str:
    key = label_key(name, "name")
    others = IdentityProvider.objects.filter(name_key=key)
    if (others.exclude(pk=provider.pk) if provider else others).exists():
        raise Taken(f"There is an identity provider named {name} already.")
    return key
