"""Assets and who owns them (R10, R12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.core.keys import label_key, plain
from identity.db.locks import lock, locked
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import Asset, AssetOwner, User

if TYPE_CHECKING:
    from identity.core.actors import Actor


@transaction.atomic
def create_asset(*, name: str, kind: str = "", link: str = "", owner: User, actor: Actor) -> Asset:
    """Register an asset with its first owner, who need not have signed in yet (R12). Raises Refused, Taken."""
    owner = _owner_to_be(owner, actor)
    asset = Asset()
    _save(asset, name, kind, link)
    AssetOwner.objects.create(asset=asset, user=owner)
    audit.record(Event.ASSET_CREATED, actor=actor, user_id=owner.pk, details={"asset": asset.pk, "name": asset.name})
    return asset


@transaction.atomic
def edit_asset(asset: Asset, *, name: str, kind: str, link: str, actor: Actor) -> Asset:
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    _save(asset, name, kind, link)
    audit.record(Event.ASSET_EDITED, actor=actor, details={"asset": asset.pk, "name": asset.name})
    return asset


@transaction.atomic
def add_owner(asset: Asset, user: User, *, actor: Actor) -> None:
    """Add an owner, who need not have signed in yet. Raises Refused for a disabled one."""
    user, asset = _owner_to_be(user, actor), lock(Asset, asset.pk)
    _, is_new = AssetOwner.objects.get_or_create(asset=asset, user=user)
    if is_new:
        audit.record(Event.ASSET_OWNER_ADDED, actor=actor, user_id=user.pk, details={"asset": asset.pk})


@transaction.atomic
def remove_owner(asset: Asset, user: User, *, actor: Actor) -> None:
    """Remove an owner from an asset; the last one stays until another is named."""
    asset = lock(Asset, asset.pk)
    policy.require(Action.REMOVE_ASSET_OWNER, actor=actor, asset=asset, giver=user)
    deleted, _ = asset.ownerships.filter(user=user).delete()
    if deleted:
        audit.record(Event.ASSET_OWNER_REMOVED, actor=actor, user_id=user.pk, details={"asset": asset.pk})


@transaction.atomic
def transfer_asset(asset: Asset, *, giver: User, taker: User, actor: Actor) -> None:
    """Transfer from one owner to another, who need not have signed in yet; other owners stay.

    Raises Refused when `giver` does not own it, and for a disabled taker.
    """
    taker, asset = _owner_to_be(taker, actor), lock(Asset, asset.pk)
    policy.require(Action.TRANSFER_ASSET, actor=actor, asset=asset, giver=giver, taker=taker)
    add_owner(asset, taker, actor=actor)
    if giver != taker:
        remove_owner(asset, giver, actor=actor)


@transaction.atomic
def give_asset(asset: Asset, *, taker: User, actor: Actor) -> None:
    """Make one person, who need not have signed in yet, the only owner. Raises Refused for a disabled one."""
    taker, asset = _owner_to_be(taker, actor), lock(Asset, asset.pk)
    add_owner(asset, taker, actor=actor)
    for ownership in asset.ownerships.exclude(user=taker).select_related("user").order_by("user_id"):
        remove_owner(asset, ownership.user, actor=actor)


@transaction.atomic
def delete_asset(asset: Asset, *, actor: Actor) -> None:
    policy.require(Action.MANAGE_ASSETS, actor=actor)
    asset = lock(Asset, asset.pk)
    audit.record(Event.ASSET_DELETED, actor=actor, details={"asset": asset.pk, "name": asset.name})
    asset.delete()


def hand_over(user: User, to: User | None, *, actor: Actor) -> int:
    """End all of `user`'s ownerships; assets owned by them alone go to `to`: how many.

    Within a transaction. Raises Refused if a new owner is needed.
    """
    locked(Asset.objects.owned_by(user.pk))  # no other owner can leave one meanwhile
    policy.require(Action.HAND_OVER, actor=actor, user=user, taker=to)
    alone = list(Asset.objects.owned_only_by(user.pk).order_by("pk"))
    if to is not None:
        AssetOwner.objects.bulk_create([AssetOwner(asset=asset, user=to) for asset in alone], ignore_conflicts=True)
        for asset in alone:
            audit.record(Event.ASSET_HANDED_OVER, actor=actor, user_id=to.pk, details={"asset": asset.pk})
    AssetOwner.objects.filter(user=user).delete()
    return len(alone)


def _owner_to_be(user: User, actor: Actor) -> User:
    """Locked before the asset, as in a permanent deletion, so that no asset goes to a deleted or disabled user."""
    user = lock(User, user.pk)
    policy.require(Action.ADD_ASSET_OWNER, actor=actor, taker=user)
    return user


def _save(asset: Asset, name: str, kind: str, link: str) -> None:
    asset.name, asset.name_key = name.strip(), label_key(name, "name")
    asset.kind, asset.link = plain(kind, "kind", limit=100), _checked_link(link)
    with taken_when(f"There is an asset named {asset.name} already."):
        asset.save()


def _checked_link(link: str) -> str:
    """A web address or empty: pages show it as a link, so it must not be a script (SR-28)."""
    link = plain(link, "link", limit=500)
    try:
        if link:
            URLValidator(schemes=["http", "https"])(link)
    except ValidationError as error:
        raise InvalidValue("link", "is not a web address") from error
    return link
