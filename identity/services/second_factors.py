"""The second step of signing in with a password: set up, replaced, used and removed (SR-21, R22).

An authenticator app and recovery codes; passkeys, also a second step, have their own service. People manage
their own; an operator on the server removes what was lost.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction

from identity import audit, policy
from identity.core import totp
from identity.core.decisions import Action
from identity.core.encryption import seal, unseal
from identity.core.errors import InvalidValue
from identity.db.locks import lock
from identity.events import Event
from identity.models import Passkey, RecoveryCode, SecondFactor, User
from identity.services import notices
from identity.services.digest_keys import RECOVERY_CODES, keyed_digests
from identity.services.notices import SecurityChange

if TYPE_CHECKING:
    from identity.core.actors import Actor

CODES = 10
CODE_DIGITS = 8


@transaction.atomic
def set_up_second_factor(user: User, *, secret: str, code: str, actor: Actor) -> list[str]:
    """Set up an app as a user's second step; returns recovery codes, to be shown once.

    `code` proves that the app has the secret, and is thereby used up. Raises Refused, InvalidValue.
    """
    user = lock(User, user.pk)
    policy.require(Action.SET_UP_APP, actor=actor, user=user)
    SecondFactor.objects.create(user=user, secret=seal(secret), last_step=_step(secret, code))
    return _changed(user, Event.USER_SECOND_FACTOR_SET_UP, SecurityChange.SECOND_STEP_SET_UP, actor)


@transaction.atomic
def replace_second_factor(user: User, *, secret: str, code: str, actor: Actor) -> list[str]:
    """Replace an app that was lost or left behind; new recovery codes, to be shown once.

    A break-glass account is never without one in between, so this works in an emergency too. Raises Refused,
    InvalidValue.
    """
    user = lock(User, user.pk)
    policy.require(Action.REPLACE_APP, actor=actor, user=user)
    factor = SecondFactor.objects.select_for_update().get(user=user)
    factor.secret, factor.last_step = seal(secret), _step(secret, code)
    factor.save(update_fields=["secret", "last_step"])
    return _changed(user, Event.USER_SECOND_FACTOR_REPLACED, SecurityChange.SECOND_STEP_REPLACED, actor)


@transaction.atomic
def make_recovery_codes(user: User, *, actor: Actor) -> list[str]:
    """New recovery codes, to be shown once; the old ones stop working. Raises Refused."""
    user = lock(User, user.pk)
    policy.require(Action.MAKE_RECOVERY_CODES, actor=actor, user=user)
    return _changed(user, Event.USER_RECOVERY_CODES_MADE, SecurityChange.RECOVERY_CODES, actor)


@transaction.atomic
def remove_second_factor(user: User, *, actor: Actor) -> None:
    """Remove a user's app; the recovery codes too, unless a passkey still needs them. Raises Refused."""
    user = lock(User, user.pk)
    if not policy.require(Action.REMOVE_APP, actor=actor, user=user).fits:
        return
    SecondFactor.objects.filter(user=user).delete()
    after_removal(user)
    _tell_of_removal(user, actor)


@transaction.atomic
def reset_second_factor(user: User, *, actor: Actor) -> None:
    """Remove a user's entire second step: app, passkeys and recovery codes. Raises Refused."""
    user = lock(User, user.pk)
    policy.require(Action.RESET_SECOND_STEP, actor=actor, user=user)
    SecondFactor.objects.filter(user=user).delete()
    passkeys, _ = Passkey.objects.filter(user=user).delete()
    after_removal(user)
    _tell_of_removal(user, actor, passkeys=passkeys)


def after_removal(user: User) -> None:
    """The consequences of removing an app or a passkey, for a locked user.

    Without any, recovery codes have no purpose, and a break-glass account is no longer proven (R22).
    """
    if user.has_second_step:
        return
    RecoveryCode.objects.filter(user=user).delete()
    User.objects.filter(pk=user.pk).update(last_proven=None)


def _tell_of_removal(user: User, actor: Actor, **details: int) -> None:
    audit.record(Event.USER_SECOND_FACTOR_REMOVED, actor=actor, user_id=user.pk, details=details)
    notices.tell_of_security_change(user, SecurityChange.SECOND_STEP_REMOVED)


@transaction.atomic
def use_code(user: User, code: str) -> str:
    """`totp` or `recovery_code`, whichever this code is, now used up; empty when it is neither."""
    factor = _factor_of(user)
    step = totp.step_of(unseal(factor.secret), code, after=factor.last_step) if factor else None
    if factor is not None and step is not None:
        factor.last_step = step
        factor.save(update_fields=["last_step"])
        return "totp"
    used, _ = RecoveryCode.objects.filter(user=user, digest__in=_digests(user, code)).delete()
    return "recovery_code" if used else ""


def _factor_of(user: User) -> SecondFactor | None:
    """Locked: of two browsers with the same code, one comes second."""
    row: SecondFactor | None = SecondFactor.objects.select_for_update().filter(user=user).first()
    return row


def _step(secret: str, code: str) -> int:
    step = totp.step_of(secret, code, after=0)
    if step is None:
        raise InvalidValue("code", "is not right")
    return step


def _changed(user: User, action: Event, what: SecurityChange, actor: Actor) -> list[str]:
    codes = new_codes(user)
    audit.record(action, actor=actor, user_id=user.pk)
    notices.tell_of_security_change(user, what)
    return codes


def new_codes(user: User) -> list[str]:
    """Replace the recovery codes; the caller's own event reports it."""
    codes = [str(secrets.randbelow(10**CODE_DIGITS)).zfill(CODE_DIGITS) for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=digest(user.pk, code)) for code in set(codes))
    return codes


def digest(user_id: int, code: str) -> str:
    """The stored form of a code: keyed, since a stolen database would make eight digits easy to guess."""
    return keyed_digests(RECOVERY_CODES, f"{user_id}:{code}")[0]


def _digests(user: User, code: str) -> list[str]:
    """Under the current key, and earlier ones."""
    return keyed_digests(RECOVERY_CODES, f"{user.pk}:{''.join(code.split())}")
