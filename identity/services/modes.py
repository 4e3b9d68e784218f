"""The two flags: switching SCIM and SSO enforcement on and off (R21, R22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from identity import audit, policy
from identity.core.actors import Operator
from identity.core.decisions import Action, Mode, Switch
from identity.core.errors import InvalidValue, Refused
from identity.core.refusals import Refusal
from identity.db.locks import lock
from identity.events import Event
from identity.models import AccessSettings, User
from identity.services import reconciling

if TYPE_CHECKING:
    from identity.core.actors import Actor


@transaction.atomic
def set_mode(
    *,
    scim_enabled: bool,
    sso_enforced: bool,
    actor: Actor,
    follow_idp: bool | None = None,
    force: bool = False,
) -> Mode:
    """Set both flags.

    `follow_idp` decides about the differences when SCIM is switched on: they are applied, or stay until the IdP next
    sends data. Where there are any it must be said, and where SCIM is not switched on it can't be (R21, R28). `force`
    (only honoured on the command line) skips the proofs required to enforce SSO (R22).
    """
    policy.require(Action.CHANGE_ACCESS_SETTINGS, actor=actor)
    row = lock(AccessSettings, 1)
    switch = Switch(row.mode, Mode(scim_enabled, sso_enforced))
    _require_choice(switch, follow_idp)
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
        reconciling.follow_all(actor)
    return switch.after


def _require_choice(switch: Switch, follow_idp: bool | None) -> None:
    """R28: to follow or to keep is said when SCIM is switched on and both sides differ, and has no effect otherwise."""
    if follow_idp is not None and not switch.starts_scim:
        raise Refused(Refusal.NOTHING_TO_FOLLOW(), code="nothing_to_follow")
    if follow_idp is None and switch.starts_scim and reconciling.differences(None):
        raise InvalidValue("follow_idp", Refusal.FOLLOW_OR_KEEP())


def _require_proof(actor: Actor, force: bool) -> None:
    """R22: an account can sign in when SSO fails, and SSO works."""
    if not (force and isinstance(actor, Operator)):
        policy.require(Action.ENFORCE_SSO, actor=actor)


def _close_password_doors() -> None:
    """Sessions opened by a password and reset links end, except those of break-glass accounts (SR-21)."""
    people = User.objects.with_password().filter(is_break_glass=False)
    people.update(password_epoch=F("password_epoch") + 1)
