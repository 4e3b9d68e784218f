"""The brake of an identity provider: set, and released by an owner (R26). What it does: `provisioning.braking`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.db.locks import lock
from identity.events import Event
from identity.models import Brake, IdentityProvider, RecentLoss
from identity.models.brakes import BRAKED_OVER

if TYPE_CHECKING:
    from identity.core.actors import Actor

MOST_PEOPLE = 1_000_000
MOST_HOURS = 72


def brake_of(provider: IdentityProvider) -> Brake:
    """Its brake, or one as it is at first."""
    return Brake.objects.filter(identity_provider=provider).first() or Brake(identity_provider=provider)


@transaction.atomic
def set_brake(
    provider: IdentityProvider,
    *,
    people: int | None = None,
    percent: int | None = None,
    is_on: bool | None = None,
    actor: Actor,
) -> Brake:
    """How many people, and what part of those that it manages, it may take something from within an hour.

    None leaves a value as it is. Raises Refused, InvalidValue.
    """
    brake = _locked(provider, actor)
    before = _settings(brake)
    if people is not None:
        brake.people = _within(people, MOST_PEOPLE, "people")
    if percent is not None:
        brake.percent = _within(percent, 100, "percent")
    if is_on is not None:
        brake.is_on = is_on
        brake.braked_at = brake.braked_at if is_on else None
    brake.save()
    changed = audit.changes(before, _settings(brake))
    if changed:
        audit.record(Event.IDENTITY_PROVIDER_BRAKE_SET, actor=actor, identity_provider_id=provider.pk, details=changed)
    return brake


@transaction.atomic
def release_brake(
    provider: IdentityProvider, *, people: int | None = None, hours: int | None = None, actor: Actor
) -> Brake:
    """Let pass again what takes something away, counted from now; for some hours up to `people`, if given (R26).

    What was turned away waits for a decision of its own (R24).
    """
    brake = _locked(provider, actor)
    if (people is None) is not (hours is None):
        raise InvalidValue("hours", "and people are given together, or neither")
    brake.braked_at = None
    brake.raised_to = None if people is None else _within(people, MOST_PEOPLE, "people")
    brake.raised_until = (
        None if hours is None else timezone.now() + timedelta(hours=_within(hours, MOST_HOURS, "hours"))
    )
    brake.save()
    RecentLoss.objects.filter(identity_provider=provider).delete()
    audit.record(
        Event.IDENTITY_PROVIDER_BRAKE_RELEASED,
        actor=actor,
        identity_provider_id=provider.pk,
        details={"people": people, "hours": hours} if hours else {},
    )
    return brake


def forget_old_losses() -> int:
    """What counts no more goes; how many."""
    gone, _ = RecentLoss.objects.filter(at__lt=timezone.now() - BRAKED_OVER).delete()
    return gone


def _locked(provider: IdentityProvider, actor: Actor) -> Brake:
    policy.require(Action.MANAGE_BRAKES, actor=actor, identity_provider=provider)
    return lock(Brake, Brake.objects.get_or_create(identity_provider=provider)[0].pk)


def _within(number: int, most: int, name: str) -> int:
    if not 1 <= number <= most:
        raise InvalidValue(name, f"must be from 1 to {most:,}")
    return number


def _settings(brake: Brake) -> dict[str, object]:
    return {"is_on": brake.is_on, "people": brake.people, "percent": brake.percent}
