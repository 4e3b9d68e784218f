"""Portal users: status, profile, role. The only module that assigns `status` (R11, R13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from identity import audit, policy
from identity.errors import InvalidValue, Refused, Taken
from identity.keys import email_key, name_key
from identity.models import Invitation, Role, SSOUser, Status, User
from identity.policy import Action
from identity.services import notices
from identity.services.locks import lock, locked

if TYPE_CHECKING:
    from identity.actors import Actor


@transaction.atomic
def enable_user(user: User, *, actor: Actor) -> User:
    """Let a disabled user in again: same row, same groups outside mappings (R8)."""
    user = lock(User, user.pk)
    policy.require(Action.SET_STATUS, actor=actor, user=user)
    if user.status == Status.INVITED:
        raise Refused(
            "An invited user is enabled by accepting the invitation; send it again instead.",
            code="invitation_pending",
        )
    set_status(user, Status.ENABLED, actor=actor)
    return user


@transaction.atomic
def disable_user(user: User, *, actor: Actor) -> User:
    """End somebody's access; sessions and links die with it in the same transaction (R13, SR-22)."""
    user = lock(User, user.pk)
    policy.require(Action.SET_STATUS, actor=actor, user=user)
    set_status(user, Status.DISABLED, actor=actor)
    return user


def set_status(user: User, status: Status, *, actor: Actor) -> bool:
    """The one way a status changes, for all doors. Within a transaction, on a locked row; True if it changed.

    Disabling raises `credential_epoch`, which every session and reset link is signed with, and deletes
    the invitation. The version of the IdP's record moves, since its `active` shows this status.
    """
    if user.status == status:
        return False
    if status == Status.DISABLED:
        _keep_an_owner(user)
        user.credential_epoch += 1
    if status != Status.INVITED:
        Invitation.objects.filter(user=user).delete()
    before, user.status = user.status, status
    user.save(update_fields=["status", "credential_epoch"])
    if user.is_managed:
        SSOUser.objects.filter(user=user).update(version=F("version") + 1, modified_at=timezone.now())
    audit.record(
        f"user.{status}", actor=actor, user_id=user.pk, details={"status": audit.change(before, status)}
    )
    return True


def _keep_an_owner(user: User) -> None:
    """R13, SR-10: under a lock on all enabled owners, refuse to lose the last one."""
    if user.role != Role.OWNER or user.status != Status.ENABLED:
        return
    owners = locked(User.objects.enabled_owners())
    if all(owner.pk == user.pk for owner in owners):
        raise Refused(
            "This is the last enabled owner: make somebody else an owner first.", code="last_enabled_owner"
        )


@transaction.atomic
def edit_profile(user: User, *, first_name: str, last_name: str, email: str | None, actor: Actor) -> User:
    """Change names, and the email of users whom no IdP manages. The username is permanent (R3)."""
    user = lock(User, user.pk)
    policy.require(Action.EDIT_PROFILE, actor=actor, user=user)
    email = (email or "").strip() or None
    if email != user.email and user.is_managed:
        raise Refused(
            f"The email of {user.username} came from the identity provider and can't be changed here.",
            code="email_is_managed",
        )
    changes = {
        name: (getattr(user, name), value)
        for name, value in {
            "first_name": first_name.strip(),
            "last_name": last_name.strip(),
            "email": email,
        }.items()
        if getattr(user, name) != value
    }
    if not changes:
        return user
    for name, (_, value) in changes.items():
        setattr(user, name, value)
    user.email_key = email_key(email, "email")
    _save_unique(user, [*changes, "email_key"])
    audit.record(
        "user.profile_edited",
        actor=actor,
        user_id=user.pk,
        details={"changed": sorted(changes)},
        personal={name: audit.change(*pair) for name, pair in changes.items()},
    )
    return user


@transaction.atomic
def change_role(user: User, role: Role, *, actor: Actor) -> User:
    """Owners change roles, never their own; the last enabled owner stays one (R13)."""
    user = lock(User, user.pk)
    policy.require(Action.CHANGE_ROLE, actor=actor, user=user)
    _refuse_oneself(user, actor)
    if user.role == role:
        return user
    if user.is_break_glass:
        raise Refused("A break-glass account stays an owner; clear that flag first.", code="break_glass")
    _keep_an_owner(user)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    audit.record(
        "user.role_changed", actor=actor, user_id=user.pk, details={"role": audit.change(before, role)}
    )
    return user


@transaction.atomic
def set_break_glass(user: User, flag: bool, *, actor: Actor) -> User:
    """Mark or unmark a local owner as the account that opens the portal when SSO fails (R22)."""
    user = lock(User, user.pk)
    policy.require(Action.CHANGE_ROLE, actor=actor, user=user)
    _refuse_oneself(user, actor)
    if user.is_break_glass == flag:
        return user
    if flag and (user.role != Role.OWNER or user.is_managed):
        raise Refused("Only a local owner can be a break-glass account.", code="not_a_local_owner")
    user.is_break_glass = flag
    user.save(update_fields=["is_break_glass"])
    audit.record("user.break_glass_set", actor=actor, user_id=user.pk, details={"break_glass": flag})
    return user


@transaction.atomic
def create_owner(*, username: str, email: str, password: str, actor: Actor) -> User:
    """A local owner and break-glass account with a password: the first user of a portal (section 7)."""
    policy.require(Action.CHANGE_ROLE, actor=actor)
    user = User(
        username=username,
        username_key=name_key(username, "username"),
        email=email or None,
        email_key=email_key(email, "email"),
        role=Role.OWNER,
        is_break_glass=True,
    )
    check_password_strength(password, user)
    user.password = make_password(password)
    _save_unique(user)
    audit.record(
        "user.created",
        actor=actor,
        user_id=user.pk,
        details={"role": Role.OWNER, "break_glass": True},
        personal={"username": username, "email": email},
    )
    return user


@transaction.atomic
def set_password(user: User, password: str, *, actor: Actor) -> User:
    """Replace a local user's password; sessions and reset links made before end (SR-21, SR-22).

    Who has no password gets none by reset (R22).
    """
    user = lock(User, user.pk)
    if not user.has_usable_password():
        raise Refused(
            "This account has no password: sign in through your identity provider.", code="no_password"
        )
    _require_password_door(user)
    check_password_strength(password, user)
    user.password = make_password(password)
    user.credential_epoch += 1
    user.save(update_fields=["password", "credential_epoch"])
    audit.record("user.password_changed", actor=actor, user_id=user.pk)
    return user


@transaction.atomic
def record_login(user: User, *, method: str, actor: Actor) -> None:
    """Last Active moves, and a break-glass login leaves an event that stands out (R11, SR-21)."""
    user.last_active = timezone.now()
    User.objects.filter(pk=user.pk).update(last_active=user.last_active)
    action = "user.break_glass_login" if user.is_break_glass else "user.login"
    audit.record(action, actor=actor, user_id=user.pk, details={"method": method})
    if user.is_break_glass:
        notices.tell_administrators_of_break_glass(user)


def check_password_strength(password: str, user: User) -> None:
    """Django's validators; InvalidValue joins what they say."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue("password", f"is too weak: {' '.join(error.messages)}") from error


def _require_password_door(user: User) -> None:
    decision = policy.may_use_password(user, policy.current_mode())
    if not decision:
        raise Refused(decision.reason, code=decision.code)


def _refuse_oneself(user: User, actor: Actor) -> None:
    if actor.kind == "user" and actor.id == user.pk:
        raise Refused("Nobody changes their own role or flags: ask another owner.", code="own_account")


def _save_unique(user: User, update_fields: list[str] | None = None) -> None:
    """Save; a username or email that somebody else has is Taken. The savepoint keeps the transaction usable."""
    try:
        with transaction.atomic():
            user.save(update_fields=update_fields)
    except IntegrityError as error:
        raise Taken("This username or email belongs to another user.") from error
