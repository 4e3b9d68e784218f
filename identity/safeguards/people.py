"""Safeguards of people: their status, role, flags and email (R10, R12, R22)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Action, Decision
from identity.core.refusals import Refusal
from identity.models import Role, Status
from identity.safeguards.asked import Asked, out_of_place, refused, so_already


def invitation_pending(asked: Asked) -> Decision:
    """An invited user never had a password: accepting enables them, revoking disables them (SR-23)."""
    if asked.user is None or asked.user.status != Status.INVITED:
        return ALLOWED
    if asked.action is Action.ENABLE:
        return out_of_place("invitation_pending", Refusal.ENABLED_BY_ACCEPTING())
    return out_of_place("invitation_pending", Refusal.DISABLED_BY_REVOKING())


def no_invitation(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status == Status.INVITED:
        return ALLOWED
    return out_of_place("not_invited", Refusal.NOT_INVITED(username=asked.user.username))


def enabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.ENABLED:
        return ALLOWED
    return so_already("already_enabled", Refusal.ENABLED_ALREADY(username=asked.user.username))


def disabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.DISABLED:
        return ALLOWED
    return so_already("already_disabled", Refusal.DISABLED_ALREADY(username=asked.user.username))


def no_sessions(asked: Asked) -> Decision:
    """Only an enabled user has sessions."""
    if asked.user is None or asked.user.status == Status.ENABLED:
        return ALLOWED
    return so_already("no_sessions", Refusal.NO_SESSIONS(username=asked.user.username))


def not_disabled(asked: Asked) -> Decision:
    """R10: a user who can still sign in is never deleted."""
    if asked.user is None or asked.user.status == Status.DISABLED:
        return ALLOWED
    return out_of_place("not_disabled", Refusal.NOT_DISABLED(username=asked.user.username))


def account_disabled(asked: Asked) -> Decision:
    """Every way in is closed (R13, SR-20)."""
    if asked.user is None or asked.user.is_active:
        return ALLOWED
    return refused("disabled", Refusal.DISABLED())


def comes_in_by_password_only(asked: Asked) -> Decision:
    """R13: no identity provider signs a break-glass account in."""
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return refused("break_glass", Refusal.BREAK_GLASS_BY_SSO())


def not_a_person(asked: Asked) -> Decision:
    """A token acts as the person who created it."""
    if asked.actor is None or (asked.actor.kind == "user" and (asked.user is None or asked.is_about_oneself)):
        return ALLOWED
    return refused("not_a_person", Refusal.API_TOKEN_WITHOUT_PERSON())


def last_enabled_owner(asked: Asked) -> Decision:
    """R13, SR-10."""
    user = asked.user
    if user is None or user.role != Role.OWNER or user.status != Status.ENABLED or asked.now.owners - {user.pk}:
        return ALLOWED
    return refused("last_enabled_owner", Refusal.LAST_OWNER())


def last_break_glass_account(asked: Asked) -> Decision:
    """While SSO is enforced, one account must be able to sign in when SSO fails (R22)."""
    user = asked.user
    if user is None or not user.is_break_glass or not asked.now.is_sso_enforced or asked.now.break_glass - {user.pk}:
        return ALLOWED
    return refused(
        "last_break_glass_account",
        Refusal.LAST_BREAK_GLASS(),
    )


def own_account(asked: Asked) -> Decision:
    if not asked.is_about_oneself:
        return ALLOWED
    return refused("own_account", Refusal.OWN_ROLE())


def same_role(asked: Asked) -> Decision:
    if asked.user is None or asked.role is None or asked.user.role != asked.role:
        return ALLOWED
    return so_already("same_role", Refusal.SAME_ROLE(username=asked.user.username))


def break_glass_stays_owner(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return refused("break_glass", Refusal.BREAK_GLASS_STAYS_OWNER())


def marked_already(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return so_already("already_break_glass", Refusal.BREAK_GLASS_ALREADY(username=asked.user.username))


def no_break_glass_account(asked: Asked) -> Decision:
    if asked.user is None or asked.user.is_break_glass:
        return ALLOWED
    return so_already("not_break_glass", Refusal.NO_BREAK_GLASS(username=asked.user.username))


def not_a_local_owner(asked: Asked) -> Decision:
    """R22: no identity provider controls a break-glass account."""
    if asked.user is None or (asked.user.role == Role.OWNER and not asked.user.is_managed):
        return ALLOWED
    return out_of_place("not_a_local_owner", Refusal.NOT_A_LOCAL_OWNER())


def gets_in_by_sso_only(asked: Asked) -> Decision:
    """R22: who is to get in when SSO fails has a password."""
    if asked.user is None or asked.user.has_usable_password():
        return ALLOWED
    return refused("no_password", Refusal.BREAK_GLASS_WITHOUT_PASSWORD(username=asked.user.username))


def email_is_managed(asked: Asked) -> Decision:
    """R2."""
    if asked.user is None or not asked.user.is_managed:
        return ALLOWED
    user = asked.user
    return refused("email_is_managed", Refusal.EMAIL_MANAGED(provider=user.managed_by, username=user.username))
