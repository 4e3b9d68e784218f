"""Safeguards of people: their status, role, flags and email (R10, R12, R22)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Action, Decision
from identity.models import Role, Status
from identity.safeguards.asked import Asked, out_of_place, refused, so_already


def invitation_pending(asked: Asked) -> Decision:
    """An invited user never had a password: accepting enables them, revoking disables them (SR-23)."""
    if asked.user is None or asked.user.status != Status.INVITED:
        return ALLOWED
    if asked.action is Action.ENABLE:
        reason = "An invited user is enabled by accepting the invitation: send it again instead."
    else:
        reason = "An invited user can't sign in yet: revoke the invitation instead."
    return out_of_place("invitation_pending", reason)


def no_invitation(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status == Status.INVITED:
        return ALLOWED
    return out_of_place("not_invited", f"{asked.user.username} has no pending invitation.")


def enabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.ENABLED:
        return ALLOWED
    return so_already("already_enabled", f"{asked.user.username} is enabled already.")


def disabled_already(asked: Asked) -> Decision:
    if asked.user is None or asked.user.status != Status.DISABLED:
        return ALLOWED
    return so_already("already_disabled", f"{asked.user.username} is disabled already.")


def no_sessions(asked: Asked) -> Decision:
    """Only an enabled user has sessions."""
    if asked.user is None or asked.user.status == Status.ENABLED:
        return ALLOWED
    return so_already("no_sessions", f"{asked.user.username} is not signed in anywhere.")


def not_disabled(asked: Asked) -> Decision:
    """R10: a user who can still sign in is never deleted."""
    if asked.user is None or asked.user.status == Status.DISABLED:
        return ALLOWED
    reason = f"{asked.user.username} is not disabled: only disabled users can be deleted."
    return out_of_place("not_disabled", reason)


def account_disabled(asked: Asked) -> Decision:
    """Every way in is closed (R13, SR-20)."""
    if asked.user is None or asked.user.is_active:
        return ALLOWED
    return refused("disabled", "Your account is disabled. Ask an administrator of your portal.")


def comes_in_by_password_only(asked: Asked) -> Decision:
    """R13: no identity provider signs a break-glass account in."""
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return refused("break_glass", "A break-glass account signs in with its password only.")


def not_a_person(asked: Asked) -> Decision:
    """A token acts as the person who created it."""
    if asked.actor is None or (asked.actor.kind == "user" and (asked.user is None or asked.is_about_oneself)):
        return ALLOWED
    return refused("not_a_person", "An API token belongs to a person: sign in and create it there.")


def last_enabled_owner(asked: Asked) -> Decision:
    """R13, SR-10."""
    user = asked.user
    if user is None or user.role != Role.OWNER or user.status != Status.ENABLED or asked.now.owners - {user.pk}:
        return ALLOWED
    return refused("last_enabled_owner", "This is the last enabled owner: make somebody else an owner first.")


def last_break_glass_account(asked: Asked) -> Decision:
    """While SSO is enforced, one account must be able to sign in when SSO fails (R22)."""
    user = asked.user
    if user is None or not user.is_break_glass or not asked.now.is_sso_enforced or asked.now.break_glass - {user.pk}:
        return ALLOWED
    return refused(
        "last_break_glass_account",
        "SSO is enforced and this is the last enabled break-glass account: create another one first.",
    )


def own_account(asked: Asked) -> Decision:
    if not asked.is_about_oneself:
        return ALLOWED
    return refused("own_account", "Nobody changes their own role or flags: ask another owner.")


def same_role(asked: Asked) -> Decision:
    if asked.user is None or asked.role is None or asked.user.role != asked.role:
        return ALLOWED
    return so_already("same_role", f"{asked.user.username} has this role already.")


def break_glass_stays_owner(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return refused("break_glass", "A break-glass account stays an owner: clear that flag first.")


def marked_already(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.is_break_glass:
        return ALLOWED
    return so_already("already_break_glass", f"{asked.user.username} is a break-glass account already.")


def no_break_glass_account(asked: Asked) -> Decision:
    if asked.user is None or asked.user.is_break_glass:
        return ALLOWED
    return so_already("not_break_glass", f"{asked.user.username} is no break-glass account.")


def not_a_local_owner(asked: Asked) -> Decision:
    """R22: no identity provider controls a break-glass account."""
    if asked.user is None or (asked.user.role == Role.OWNER and not asked.user.is_managed):
        return ALLOWED
    return out_of_place("not_a_local_owner", "Only a local owner can be a break-glass account.")


def email_is_managed(asked: Asked) -> Decision:
    """R2."""
    if asked.user is None or not asked.user.is_managed:
        return ALLOWED
    user = asked.user
    reason = (
        f"{user.managed_by} sets the email of {user.username} once, at first provisioning: it can't be changed here."
    )
    return refused("email_is_managed", reason)
