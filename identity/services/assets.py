"""Assets and who owns them (R10, R12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit, policy
from identity.errors import Refused, Taken
from identity.keys import label_key
from identity.models import Asset, AssetOwner, User
from identity.policy import Action
from identity.services.locks import lock

if TYPE_CHECKING:
    from identity.actors import Actor


@transaction.atomic
def create_asset(*, name: str, kind: str = "", link: str = "", owner: User, actor: Actor) -> Asset:
    """Register an asset with its first owner, who need not have logged in yet (R12)."""
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    name = name.strip()
    asset = Asset.objects.create(name=name, name_key=_free_key(name), kind=kind.strip(), link=link.strip())
    AssetOwner.objects.create(asset=asset, user=lock(User, owner.pk))
    audit.record("asset.created", actor=actor, user_id=owner.pk, details={"asset": asset.pk, "name": name})
    return asset


@transaction.atomic
def edit_asset(asset: Asset, *, name: str, kind: str, link: str, actor: Actor) -> Asset:
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    asset.name, asset.kind, asset.link = name.strip(), kind.strip(), link.strip()
    asset.name_key = _free_key(asset.name, asset)
    asset.save()
    audit.record("asset.edited", actor=actor, details={"asset": asset.pk, "name": asset.name})
    return asset


@transaction.atomic
def add_owner(asset: Asset, user: User, *, actor: Actor) -> None:
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    _, is_new = AssetOwner.objects.get_or_create(asset=asset, user=user)
    if is_new:
        audit.record("asset.owner_added", actor=actor, user_id=user.pk, details={"asset": asset.pk})


@transaction.atomic
def remove_owner(asset: Asset, user: User, *, actor: Actor) -> None:
    """Take an owner off an asset; the last one stays until another is named."""
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    if not asset.ownerships.exclude(user=user).exists():
        raise Refused(
            f"{asset} would be left without an owner: add another one first.", code="last_asset_owner"
        )
    deleted, _ = asset.ownerships.filter(user=user).delete()
    if deleted:
        audit.record("asset.owner_removed", actor=actor, user_id=user.pk, details={"asset": asset.pk})


@transaction.atomic
def delete_asset(asset: Asset, *, actor: Actor) -> None:
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    audit.record("asset.deleted", actor=actor, details={"asset": asset.pk, "name": asset.name})
    asset.delete()


def hand_over(user: User, to: User | None, *, actor: Actor) -> int:
    """All of `user`'s ownerships end; what they owned alone goes to `to`. Within a transaction; how many went."""
    alone = list(Asset.objects.owned_only_by(user.pk).order_by("pk"))
    if alone and to is None:
        raise Refused(
            f"{len(alone)} assets have no other owner: say who takes them over.", code="transferee_needed"
        )
    if to is not None:
        AssetOwner.objects.bulk_create(
            [AssetOwner(asset=asset, user=to) for asset in alone], ignore_conflicts=True
        )
        for asset in alone:
            audit.record("asset.handed_over", actor=actor, user_id=to.pk, details={"asset": asset.pk})
    AssetOwner.objects.filter(user=user).delete()
    return len(alone)


def _free_key(name: str, asset: Asset | None = None) -> str:
    key = label_key(name, "name")
    others = Asset.objects.filter(name_key=key)
    if (others.exclude(pk=asset.pk) if asset else others).exists():
        raise Taken(f"There is an asset named {name} already.")
    return key
