"""Safeguards of passwords and second steps (R22)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Action, Decision, Mode
from identity.models import User
from identity.safeguards.asked import Asked, refused


def may_use_password(user: User, mode: Mode) -> Decision:
    """With SSO enforced, passwords work for break-glass accounts only, on every door."""
    if mode.sso_enforced and not user.is_break_glass:
        return refused("sso_enforced", "Single sign-on is enforced: sign in through your identity provider.")
    return ALLOWED


def another_persons_second_step(asked: Asked) -> Decision:
    """People keep their own; an operator resets a lost one."""
    if asked.user is None or asked.is_about_oneself or asked.is_by_operator:
        return ALLOWED
    return refused(
        "own_account_only",
        "Nobody changes another person's second step; on the server manage.py reset_second_factor removes it.",
    )


def password_closed(asked: Asked) -> Decision:
    """A second step is changed as long as a password lets its owner in."""
    if asked.user is None or asked.is_by_operator:
        return ALLOWED
    return may_use_password(asked.user, asked.now.mode)


def no_password(asked: Asked) -> Decision:
    if asked.user is None or asked.user.has_usable_password():
        return ALLOWED
    return refused("no_password", "A second step stands beside a password, and this account has none.")


def needed_second_step(asked: Asked) -> Decision:
    """A break-glass account keeps one while SSO is enforced, unless an operator removes it."""
    user = asked.user
    if user is None or asked.is_by_operator or not user.is_break_glass or not asked.now.is_sso_enforced:
        return ALLOWED
    there_are = user.has_app + user.passkeys.count()
    if not there_are or (asked.action is Action.REMOVE_SECOND_STEP and there_are > 1):
        return ALLOWED
    keeps = "A break-glass account keeps its second step while SSO is enforced"
    return refused("needed", f"{keeps}: set up another one first.")
