"""Password authentication (R22, SR-20, SR-21)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest

from identity import policy
from identity.core.decisions import Action
from identity.core.errors import Refused
from identity.models import Status, User

PASSWORD_BACKEND = "portal.session.auth.PasswordBackend"  # noqa: S105 - a class
SSO_BACKEND = "portal.session.auth.SSOBackend"

NOBODY = User(pk=0)  # never saved: stands in for an unknown name


class PasswordBackend(BaseBackend):
    """Username or email, and a password; only enabled users, and only where the mode allows passwords."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        try:
            return verify_password(find_user(username or ""), password or "")
        except Refused:
            return None

    def get_user(self, user_id: int) -> User | None:
        """A session's user; a disabled one is not returned (SR-22)."""
        user: User | None = User.objects.with_status(Status.ENABLED).filter(pk=user_id).first()
        return user


class SSOBackend(PasswordBackend):
    """Sessions opened by an identity provider; no password opens one here."""

    def authenticate(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        user = super().get_user(user_id)
        if user is not None:
            user.signed_in_by_sso = True
        return user


def verify_password(user: User | None, password: str) -> User | None:
    """The same user, if the password is correct.

    Raises Refused when it is correct but not accepted, which is for the audit trail, not for the page.
    An unknown name and a refused account take as long as a wrong password. Doors call it through
    `portal.session.guesses`, which counts.
    """
    if user is None:
        _closed_door(NOBODY)
        make_password(password)
        return None
    closed = _closed_door(user)  # checked whatever the password is: the time taken reveals nothing
    if not check_password(password, user.password):
        return None
    if closed is not None:
        raise closed
    return user


def find_user(name: str) -> User | None:
    found: User | None = None if "\0" in name else User.objects.named(name)
    return found


def _closed_door(user: User) -> Refused | None:
    """Why no password is accepted for this user now."""
    decision = policy.for_oneself(Action.SIGN_IN_BY_PASSWORD, user)
    return None if decision else policy.refusal(decision)


def may_reset_password(user: User | None) -> bool:
    """R22: enabled, has a password already, and may use it in this mode."""
    return user is not None and bool(policy.for_oneself(Action.CHANGE_PASSWORD, user))


class ResetTokens(PasswordResetTokenGenerator):
    """Reset links end with the credentials they would replace: a raised epoch or another status ends them (R13)."""

    key_salt = "portal.auth.ResetTokens"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.credential_epoch}:{user.password_epoch}{user.status}"


reset_tokens = ResetTokens()
