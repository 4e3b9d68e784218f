"""The two flags: switching SCIM and SSO enforcement on and off (R21, R22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from identity import audit, policy
from identity.core.actors import Operator
from identity.core.decisions import Action, Mode, Switch
from identity.db.locks import lock, locked
from identity.events import Event
from identity.models import AccessSettings, Group, Status, User
from identity.models.sso import told_otherwise
from identity.services.provisioning import memberships
from identity.services.users import set_status

if TYPE_CHECKING:
    from identity.core.actors import Actor


@transaction.atomic
def set_mode(
    *,
    scim_enabled: bool,
    sso_enforced: bool,
    actor: Actor,
    follow_idp: bool = False,
    force: bool = False,
) -> Mode:
    """Set both flags.

    `follow_idp` applies the differences when SCIM is switched on, otherwise they stay until the IdP next
    sends data. `force` (only honoured on the command line) skips the proofs required to enforce SSO (R22).
    """
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    row = lock(AccessSettings, 1)
    switch = Switch(row.mode, Mode(scim_enabled, sso_enforced))
    if not switch:
        return switch.after
    if switch.enforces_sso:
        _require_proof(actor, force)
    row.scim_enabled, row.sso_enforced = switch.after
    row.save(update_fields=["scim_enabled", "sso_enforced"])
    audit.record(
        Event.ACCESS_MODE_SET,
        actor=actor,
        details={
            "scim_enabled": audit.change(switch.before.scim_enabled, scim_enabled),
            "sso_enforced": audit.change(switch.before.sso_enforced, sso_enforced),
            "forced": force,
        },
    )
    if switch.enforces_sso:
        _close_password_doors()
    if switch.starts_scim and follow_idp:
        _follow_idp(actor)
    return switch.after


def _require_proof(actor: Actor, force: bool) -> None:
    """R22: an account can sign in when SSO fails, and SSO works."""
    if not (force and isinstance(actor, Operator)):
        policy.require(Action.ENFORCE_SSO, actor=actor)


def _close_password_doors() -> None:
    """Sessions opened by a password and reset links end, except those of break-glass accounts (SR-21)."""
    people = User.objects.with_password().filter(is_break_glass=False)
    people.update(password_epoch=F("password_epoch") + 1)


def _follow_idp(actor: Actor) -> None:
    for status in (Status.ENABLED, Status.DISABLED):
        for user in told_otherwise(status):
            set_status(lock(User, user.pk), status, actor=actor)
    groups = locked(Group.objects.mapped())
    joined, left = memberships.follow_mappings(groups)
    details = {"joined": len(joined), "left": [user_id for _, user_id in left]}
    event = audit.record(Event.ACCESS_IDP_FOLLOWED, actor=actor, details=details)
    audit.record_moves(event, joined=joined, left=left)
