"""Portal users: status, profile, role. The only module that assigns `status` (R11, R13)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from identity import audit, policy
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, Refused, WeakPassword
from identity.core.keys import email_key, name_key, plain
from identity.core.refusals import Refusal
from identity.db.locks import lock, locked
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import APIToken, Conflict, Invitation, Role, SSOUser, Status, User
from identity.safeguards.people import last_break_glass_account, last_enabled_owner
from identity.safeguards.table import keep
from identity.services import notices
from identity.services.notices import SecurityChange

if TYPE_CHECKING:
    from identity.core.actors import Actor
    from identity.core.origins import Origin

NOT_FREE = Refusal.NAMES_TAKEN()


def _locked_with_who_acts(user: User, actor: Actor) -> tuple[User, Actor]:
    """Both rows, since of two people who end each other's access one is too late (SR-36). Raises NotFound, Refused."""
    if not isinstance(actor, Person) or actor.id == user.pk:
        return lock(User, user.pk), actor
    rows = {row.pk: row for row in locked(User.objects.filter(pk__in=(user.pk, actor.id)))}
    acting = rows.get(actor.id)
    if acting is None or not acting.is_active:
        raise Refused(Refusal.DISABLED(), code="disabled")
    return rows.get(user.pk) or lock(User, user.pk), replace(actor, user=acting)


@transaction.atomic
def enable_user(user: User, *, actor: Actor) -> User:
    """Restore a disabled user's access: same row, same groups outside mappings (R8)."""
    user, actor = _locked_with_who_acts(user, actor)
    policy.require(Action.ENABLE, actor=actor, user=user)
    set_status(user, Status.ENABLED, actor=actor)
    return user


@transaction.atomic
def disable_user(user: User, *, actor: Actor) -> User:
    """End a user's access; sessions and links end in the same transaction (R13, SR-22)."""
    user, actor = _locked_with_who_acts(user, actor)
    policy.require(Action.DISABLE, actor=actor, user=user)
    set_status(user, Status.DISABLED, actor=actor)
    return user


def set_status(user: User, status: Status, *, actor: Actor, cause: Event | None = None) -> bool:
    """Change a status and write its event. Within a transaction, on a locked row; True if it changed.

    `cause`: what changed it, if that is an event of its own.
    """
    before = user.status
    if not change_status(user, status):
        return False
    event = Event.USER_ENABLED if status == Status.ENABLED else Event.USER_DISABLED
    details = {"status": audit.change(before, status)} | ({"cause": cause.value} if cause else {})
    audit.record(event, actor=actor, user_id=user.pk, details=details)
    return True


def change_status(user: User, status: Status) -> bool:
    """The only way a status changes, for all doors; without an event, for services that write their own.

    Disabling raises `credential_epoch`, which every session and reset link is signed with, and deletes
    API tokens and the invitation. The version of the IdP's record increases, since its `active` shows this status; if
    the IdP sent the opposite, the record is marked as overruled (R21).
    """
    if user.status == status:
        return False
    if status == Status.DISABLED:
        keep(user, last_enabled_owner, last_break_glass_account)
        user.credential_epoch += 1
        APIToken.objects.filter(user=user).delete()
    if user.status == Status.INVITED:
        Invitation.objects.filter(user=user).delete()
    user.status = status
    user.save(update_fields=["status", "credential_epoch"])
    if user.is_managed:
        said_otherwise = F("active") if status == Status.DISABLED else ~F("active")
        SSOUser.objects.filter(user=user).update(
            version=F("version") + 1, modified_at=timezone.now(), overruled=said_otherwise
        )
    return True


def restore_status(user_ids: list[int], *, actor: Actor, details: dict[str, Any]) -> None:
    """R27: these users, disabled and locked, are enabled again: a fixed number of statements."""
    User.objects.filter(pk__any_of=user_ids).update(status=Status.ENABLED)
    SSOUser.objects.filter(user__in=User.objects.filter(pk__any_of=user_ids)).update(
        version=F("version") + 1, modified_at=timezone.now(), overruled=~F("active")
    )
    told = {"status": audit.change(Status.DISABLED, Status.ENABLED), **details}
    audit.record_each(Event.USER_ENABLED, user_ids, actor=actor, details=told)


@transaction.atomic
def edit_profile(user: User, *, first_name: str, last_name: str, email: str | None, actor: Actor) -> User:
    """Change names, and the email of users no IdP manages. The username is permanent (R3).

    Only owners change the email of a user above member; both addresses are notified, and reset links end (SR-22).
    """
    user = lock(User, user.pk)
    policy.require(Action.EDIT_PROFILE, actor=actor, user=user)
    email = (email or "").strip() or None
    if email != user.email:
        check_email(email)
        policy.require(Action.CHANGE_EMAIL, actor=actor, user=user)  # its owner can take over the account
    told = (user.email, email) if email != user.email else ()
    changes = {
        name: (getattr(user, name), value)
        for name, value in {
            "first_name": plain(first_name, "first name"),
            "last_name": plain(last_name, "last name"),
            "email": email,
        }.items()
        if getattr(user, name) != value
    }
    if not changes:
        return user
    for name, (_, value) in changes.items():
        setattr(user, name, value)
    user.email_key = email_key(email, "email")
    with taken_when(NOT_FREE):
        user.save(update_fields=[*changes, "email_key"])
    audit.record(
        Event.USER_PROFILE_EDITED,
        actor=actor,
        user_id=user.pk,
        details={"changed": sorted(changes)},
        personal={name: audit.change(*pair) for name, pair in changes.items()},
    )
    if told:
        notices.tell_of_security_change(user, SecurityChange.EMAIL, addresses=told)
    return user


@transaction.atomic
def change_role(user: User, role: Role, *, actor: Actor) -> User:
    """Owners change roles, never their own; the last enabled owner stays one (R13)."""
    user, actor = _locked_with_who_acts(user, actor)
    policy.require(Action.CHANGE_ROLE, actor=actor, user=user, role=role)
    if user.role == role:
        return user
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    _reopen_approvals(user)
    audit.record(Event.USER_ROLE_CHANGED, actor=actor, user_id=user.pk, details={"role": audit.change(before, role)})
    return user


@transaction.atomic
def set_break_glass(user: User, flag: bool, *, actor: Actor) -> User:
    """Mark or unmark a local owner as the account that can sign in when SSO fails (R22)."""
    user, actor = _locked_with_who_acts(user, actor)
    policy.require(Action.MARK_BREAK_GLASS if flag else Action.CLEAR_BREAK_GLASS, actor=actor, user=user)
    if user.is_break_glass == flag:
        return user
    user.is_break_glass = flag
    user.save(update_fields=["is_break_glass"])
    _reopen_approvals(user)
    audit.record(Event.USER_BREAK_GLASS_SET, actor=actor, user_id=user.pk, details={"break_glass": flag})
    return user


@transaction.atomic
def create_owner(*, username: str, email: str, password: str, actor: Actor) -> User:
    """A local owner and break-glass account with a password: a portal's first user (section 7)."""
    policy.require(Action.CHANGE_ROLE, actor=actor)
    check_email(email or None)
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
    with taken_when(NOT_FREE):
        user.save(force_insert=True)
    audit.record(
        Event.USER_CREATED,
        actor=actor,
        user_id=user.pk,
        details={"role": Role.OWNER, "break_glass": True},
        personal={"username": username, "email": email},
    )
    return user


@transaction.atomic
def set_password(user: User, password: str, *, actor: Actor) -> User:
    """Replace a local user's password; earlier sessions and reset links end (SR-21, SR-22).

    A reset never gives a password to a user without one (R22).
    """
    user = lock(User, user.pk)
    policy.granted(policy.for_oneself(Action.CHANGE_PASSWORD, user))
    check_password_strength(password, user)
    user.password = make_password(password)
    user.credential_epoch += 1
    user.save(update_fields=["password", "credential_epoch"])
    audit.record(Event.USER_PASSWORD_CHANGED, actor=actor, user_id=user.pk)
    notices.tell_of_security_change(user, SecurityChange.PASSWORD)
    return user


@transaction.atomic
def record_login(
    user: User, *, method: str, second_step: bool = False, origin: Origin | None = None, actor: Actor
) -> None:
    """Update Last Active; a break-glass sign-in also writes a prominent event (R11, SR-21).

    With the second step, it also proves that the account works when SSO is enforced (R22).
    """
    user.last_active = timezone.now()
    if user.is_break_glass and second_step:
        user.last_proven = user.last_active
    User.objects.filter(pk=user.pk).update(last_active=user.last_active, last_proven=user.last_proven)
    action = Event.USER_BREAK_GLASS_LOGIN if user.is_break_glass else Event.USER_LOGIN
    audit.record(action, actor=actor, user_id=user.pk, details={"method": method}, origin=origin)
    if user.is_break_glass:
        notices.tell_administrators_of_break_glass(user)


@transaction.atomic
def end_sessions(user: User, *, actor: Actor) -> None:
    """Sign a user out everywhere, at once and on every worker (SR-22); reset links end as well."""
    user = lock(User, user.pk)
    if not policy.require(Action.END_SESSIONS, actor=actor, user=user).fits:
        return
    end_credentials(user)
    audit.record(Event.USER_SESSIONS_ENDED, actor=actor, user_id=user.pk)


def end_credentials(user: User) -> None:
    """End all sessions and reset links of a locked user; the caller's own event says why."""
    user.credential_epoch += 1
    user.save(update_fields=["credential_epoch"])


@transaction.atomic
def record_session_ended(user: User, *, actor: Actor) -> None:
    """One session, which the portal stores: people end their own, administrators those of others."""
    policy.require(Action.END_SESSION, actor=actor, user=user)
    audit.record(Event.USER_SESSION_ENDED, actor=actor, user_id=user.pk)


def check_password_strength(password: str, user: User) -> None:
    """Django's validators; WeakPassword joins their messages."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error


def check_email(email: str | None) -> None:
    """An address typed here must be valid; one sent by an IdP is kept as is."""
    try:
        if email is not None:
            validate_email(email)
    except ValidationError as error:
        raise InvalidValue("email", Refusal.NO_EMAIL_ADDRESS()) from error


def _reopen_approvals(user: User) -> None:
    """R7: what was approved for a member must be reviewed again when the account's standing changes."""
    approved = Conflict.objects.filter(user=user, state=Conflict.State.APPROVED, own_username="")
    approved.update(state=Conflict.State.OPEN)
