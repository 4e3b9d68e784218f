"""Safeguards of passwords and second steps (R22, SR-20, SR-21)."""

from __future__ import annotations

from identity.core.decisions import ALLOWED, Action, Decision, Mode
from identity.core.refusals import Refusal
from identity.models import User
from identity.safeguards.asked import Asked, Situation, out_of_place, refused, so_already

MOST_PASSKEYS = 20  # per user


def may_use_password(user: User, mode: Mode) -> Decision:
    """With SSO enforced, passwords work for break-glass accounts only, on every door."""
    if mode.sso_enforced and not user.is_break_glass:
        return refused("sso_enforced", Refusal.SSO_ENFORCED())
    return ALLOWED


def must_have_second_step(user: User, now: Situation) -> bool:
    """Break-glass accounts, while only they can sign in by password."""
    return user.is_break_glass and now.is_sso_enforced


def another_persons_second_step(asked: Asked) -> Decision:
    """People keep their own; an operator resets a lost one."""
    if asked.user is None or asked.is_about_oneself or asked.is_by_operator:
        return ALLOWED
    return refused(
        "own_account_only",
        Refusal.ANOTHER_PERSONS_SECOND_STEP(),
    )


def password_closed(asked: Asked) -> Decision:
    """A second step is changed as long as a password lets its owner in."""
    if asked.user is None or asked.is_by_operator:
        return ALLOWED
    return may_use_password(asked.user, asked.now.mode)


def no_password(asked: Asked) -> Decision:
    """An account without a password gets neither one nor a substitute (R22)."""
    if asked.user is None or asked.user.has_usable_password():
        return ALLOWED
    return refused("no_password", Refusal.NO_PASSWORD())


def unproven_while_another_is(asked: Asked) -> Decision:
    """While SSO is enforced, a password alone can't set up a second step, unless no account could sign in otherwise.

    So a stolen password of a break-glass account that was never proven opens nothing.
    """
    user = asked.user
    if user is None or not must_have_second_step(user, asked.now) or user.has_second_step:
        return ALLOWED
    if not User.objects.proven_break_glass().exclude(pk=user.pk).exists():
        return ALLOWED
    return refused("no_second_step", Refusal.UNPROVEN_WHILE_ANOTHER_IS())


def has_app_already(asked: Asked) -> Decision:
    if asked.user is None or not asked.user.has_app:
        return ALLOWED
    return out_of_place("already_set_up", Refusal.APP_ALREADY())


def has_no_app(asked: Asked) -> Decision:
    if asked.user is None or asked.user.has_app:
        return ALLOWED
    return out_of_place("not_set_up", Refusal.NO_APP())


def has_no_app_to_remove(asked: Asked) -> Decision:
    if asked.user is None or asked.user.has_app:
        return ALLOWED
    return so_already("not_set_up", Refusal.NO_APP_TO_REMOVE())


def has_no_passkey(asked: Asked) -> Decision:
    if asked.user is None or asked.user.passkeys.exists():
        return ALLOWED
    return out_of_place("not_set_up", Refusal.NO_PASSKEY())


def has_no_second_step(asked: Asked) -> Decision:
    if asked.user is None or asked.user.has_second_step:
        return ALLOWED
    return out_of_place("not_set_up", Refusal.NO_SECOND_STEP())


def too_many_passkeys(asked: Asked) -> Decision:
    if asked.user is None or asked.user.passkeys.count() < MOST_PASSKEYS:
        return ALLOWED
    return refused("too_many", Refusal.TOO_MANY_PASSKEYS(most=MOST_PASSKEYS))


def needed_second_step(asked: Asked) -> Decision:
    """A break-glass account keeps one while SSO is enforced, unless an operator removes it."""
    user = asked.user
    if user is None or asked.is_by_operator or not must_have_second_step(user, asked.now):
        return ALLOWED
    there_are = user.has_app + user.passkeys.count()
    if not there_are or (asked.action is not Action.RESET_SECOND_STEP and there_are > 1):
        return ALLOWED
    return refused("needed", Refusal.SECOND_STEP_NEEDED())
