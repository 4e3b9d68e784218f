"""What becomes of that which was turned away: applied, asked for again, or forgotten; an owner decides (R24)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from identity import audit, policy
from identity.core.decisions import Action
from identity.core.errors import Refused
from identity.core.refusals import Refusal
from identity.db.locks import lock, locked
from identity.events import Event
from identity.models import IdentityProvider, SSOGroup, SSOUser, Status, TurnedAway, User
from identity.services.provisioning import memberships
from identity.services.provisioning.groups import Movement, dissolve, record_movement
from identity.services.provisioning.retirement import deprovision
from identity.services.users import set_status

if TYPE_CHECKING:
    from identity.core.actors import Actor

_WISH, _STATE = TurnedAway.Wish, TurnedAway.State


class TurnedAwayDecision(StrEnum):
    """Apply: leavers are disabled and memberships end; the rest is asked for again. Await: the IdP sends it again."""

    APPLY = "apply"
    AWAIT = "await"
    FORGET = "forget"


def decide_all(provider: IdentityProvider, decision: TurnedAwayDecision, *, actor: Actor) -> list[TurnedAway]:
    """The same for all that this IdP wanted and nobody has decided on; each is a transaction of its own."""
    policy.require(Action.DECIDE_TURNED_AWAY, actor=actor, identity_provider=provider)
    rows = TurnedAway.objects.open().filter(identity_provider=provider).order_by("pk")
    decided = [decide(row, decision, actor=actor) for row in rows]
    IdentityProvider.objects.filter(pk=provider.pk).update(turned_away_beyond=0)
    return decided


@transaction.atomic
def decide(row: TurnedAway, decision: TurnedAwayDecision, *, actor: Actor) -> TurnedAway:
    """One row. Raises Refused (it is decided, or the last enabled owner would go)."""
    policy.require(Action.DECIDE_TURNED_AWAY, actor=actor, identity_provider=row.identity_provider)
    user = lock(User, row.user_id) if row.user_id else None
    groups = SSOGroup.objects.filter(pk=row.sso_group_id) if row.sso_group_id else SSOGroup.objects.none()
    sso_group = next(iter(locked(groups)), None)
    row = lock(TurnedAway, row.pk)
    if row.state not in {_STATE.OPEN, _STATE.AWAITED}:
        raise Refused(Refusal.TURNED_AWAY_DECIDED(name=row.name), code="decided_already")
    row.state = {"forget": _STATE.FORGOTTEN, "await": _STATE.AWAITED, "apply": _STATE.APPLIED}[decision]
    if decision is TurnedAwayDecision.APPLY and not _apply(row, user, sso_group, actor):
        row.state = _STATE.AWAITED  # what only the identity provider can say
    row.decided_at, row.decided_by_id = timezone.now(), actor.id if actor.kind == "user" else None
    row.save()
    audit.record(
        Event.IDENTITY_PROVIDER_TURNED_AWAY_DECIDED,
        actor=actor,
        identity_provider_id=row.identity_provider_id,
        user_id=row.user_id,
        sso_group_id=row.sso_group_id,
        details={"decision": decision.value, "turned_away": row.pk},
    )
    return row


def _apply(row: TurnedAway, user: User | None, sso_group: SSOGroup | None, actor: Actor) -> bool:
    """What takes something away happens as the IdP asked; whether nothing else was wanted."""
    if user is not None and row.status_wish in {_WISH.DISABLE, _WISH.DELETE}:
        _let_go(row, user, actor)
    elif sso_group is not None and row.status_wish == _WISH.DELETE:
        _end(sso_group, actor)
        row.members.all().delete()
    elif sso_group is not None:
        _take_out(row, sso_group, actor)
    is_done = row.status_wish in {_WISH.DISABLE, _WISH.DELETE, ""} and not row.members.exists()
    if row.status_wish in {_WISH.DISABLE, _WISH.DELETE} and (user or sso_group):
        row.status_wish = ""
    return is_done and not row.changes


def _let_go(row: TurnedAway, user: User, actor: Actor) -> None:
    set_status(user, Status.DISABLED, actor=actor)
    sso_user = SSOUser.objects.of(row.identity_provider_id).filter(user=user).first()
    if sso_user is None:
        return
    if row.status_wish == _WISH.DELETE:
        deprovision(sso_user, actor=actor)
        row.changes = False
        return
    sso_user.active, sso_user.overruled = False, False
    sso_user.version += 1
    sso_user.modified_at = timezone.now()
    sso_user.save(update_fields=["active", "overruled", "version", "modified_at"])


def _end(sso_group: SSOGroup, actor: Actor) -> None:
    record_movement(Event.SSO_GROUP_DELETED, sso_group, dissolve(sso_group), actor=actor)


def _take_out(row: TurnedAway, sso_group: SSOGroup, actor: Actor) -> None:
    leaving = row.members.filter(joins=False)
    ids = list(leaving.values_list("sso_user__scim_id", flat=True))
    groups = memberships.lock_groups_fed_by(sso_group)
    movement = Movement(removed=memberships.remove_from_sso_group(sso_group, [scim_id for scim_id in ids if scim_id]))
    movement.left = memberships.let_leave(groups, movement.removed)
    leaving.delete()
    if not movement.removed:
        return
    sso_group.version += 1
    sso_group.modified_at = timezone.now()
    sso_group.save(update_fields=["version", "modified_at"])
    record_movement(Event.SSO_GROUP_UPDATED, sso_group, movement, actor=actor)


def in_words(decided: Iterable[TurnedAway]) -> str:
    """How many of each."""
    numbers: dict[str, int] = {}
    for row in decided:
        numbers[row.get_state_display()] = numbers.get(row.get_state_display(), 0) + 1
    return ", ".join(f"{number:,} {state.lower()}" for state, number in numbers.items()) or "nothing to decide"
