"""The brake within a write (R26): whom it would take something from is counted under a lock, before it commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from django.db import transaction
from django.utils import timezone

from identity import audit
from identity.core.ways import Way
from identity.db.locks import for_update
from identity.events import Event
from identity.models import Brake, IdentityProvider, RecentLoss, SSOUser, Status, User
from identity.models.brakes import BRAKED_OVER, SETTLED
from identity.services import notices

if TYPE_CHECKING:
    from identity.core.actors import Provisioner

R = TypeVar("R")


class BrakedError(Exception):
    """The write is rolled back."""


def within_limits(write: Callable[[Provisioner], R], actor: Provisioner) -> R:
    """What `write` returns. If the brake stops it, it is asked again, from the state that it was, what it wants."""
    try:
        return write(actor)
    except BrakedError:
        return write(replace(actor, way=Way.BRAKED))


def take(user_ids: Iterable[int], actor: Provisioner, *, of: SSOUser | None = None) -> None:
    """These people lose something by this write, within its transaction. Raises BrakedError if it is too much.

    `of`: the record of the only person, where it may be gone already. Who was provisioned lately does not count.
    """
    losing = _settled(set(user_ids), actor.identity_provider_id, of)
    if not losing:
        return
    if actor.is_braked:
        raise BrakedError
    brake = _locked(actor.identity_provider_id)
    if not brake.is_on:
        return
    if brake.braked_at is not None:
        raise BrakedError
    now = timezone.now()
    RecentLoss.objects.bulk_create(
        [RecentLoss(identity_provider_id=actor.identity_provider_id, user_id=pk, at=now) for pk in sorted(losing)],
        update_conflicts=True,
        unique_fields=["identity_provider", "user_id"],
        update_fields=["at"],
        batch_size=1_000,
    )
    if _is_too_much(brake):
        raise BrakedError


def _settled(user_ids: set[int], provider_id: int, of: SSOUser | None) -> set[int]:
    since = timezone.now() - SETTLED
    if of is not None:
        return user_ids if of.created_at <= since else set()
    if not user_ids:
        return set()
    rows = SSOUser.objects.of(provider_id).filter(
        user__in=User.objects.filter(pk__any_of=list(user_ids)), created_at__lte=since
    )
    return set(rows.order_by().values_list("user_id", flat=True))


def _locked(provider_id: int) -> Brake:
    rows = for_update(Brake.objects.filter(identity_provider=provider_id))
    brake = rows.first()
    if brake is None:
        Brake.objects.bulk_create([Brake(identity_provider_id=provider_id)], ignore_conflicts=True)
        brake = rows.get()
    return brake


def _is_too_much(brake: Brake) -> bool:
    """More people and a greater part than allowed. Those managed are counted only as far as they matter."""
    provider_id = brake.identity_provider_id
    losses = RecentLoss.objects.filter(identity_provider=provider_id, at__gt=timezone.now() - BRAKED_OVER)
    lost = losses.count()
    if brake.is_raised:
        return lost > (brake.raised_to or 0)
    if lost <= brake.people:
        return False
    enough = lost * 100 // max(1, brake.percent) + 1  # of so many people it is no longer the given part
    people = SSOUser.objects.of(provider_id).filter(
        user__status=Status.ENABLED, created_at__lte=timezone.now() - SETTLED
    )
    gone = losses.exclude(user_id__in=people.values("user_id")).count()
    managed = gone + people.order_by().values("pk")[:enough].count()
    return lost * 100 > brake.percent * managed


@transaction.atomic
def brake(actor: Provisioner) -> None:
    """What the IdP wanted was too much: from now on nothing that takes away passes, and owners are told, once."""
    row = _locked(actor.identity_provider_id)
    if row.braked_at is not None or not row.is_on:
        return
    row.braked_at = timezone.now()
    row.save(update_fields=["braked_at"])
    audit.record(
        Event.IDENTITY_PROVIDER_BRAKED,
        actor=actor,
        identity_provider_id=actor.identity_provider_id,
        details={"people": row.people, "percent": row.percent},
    )
    notices.tell_owners_of_brake(IdentityProvider.objects.get(pk=actor.identity_provider_id))
