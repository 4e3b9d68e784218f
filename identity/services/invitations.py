"""Inviting people no IdP provisions (SR-23)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import transaction

from identity import audit, policy
from identity.core import secrets
from identity.core.actors import Person
from identity.core.decisions import Action
from identity.core.errors import InvalidValue, NotFound
from identity.core.keys import email_key, name_key, plain
from identity.core.refusals import Refusal
from identity.db.locks import lock
from identity.db.uniqueness import taken_when
from identity.events import Event
from identity.models import Invitation, Status, User
from identity.models.invitations import default_expiry
from identity.services import notices
from identity.services.users import NOT_FREE, check_email, check_password_strength, set_status

if TYPE_CHECKING:
    from identity.core.actors import Actor


@transaction.atomic
def invite_user(*, username: str, email: str, first_name: str = "", last_name: str = "", actor: Actor) -> User:
    """Create an Invited user and mail a single-use link. Raises Refused, Taken, InvalidValue."""
    policy.require(Action.INVITE, actor=actor)
    user = _invitee(username, email, first_name, last_name)
    user.password = make_password(None)
    with taken_when(NOT_FREE):
        user.save(force_insert=True)
    _send(user, actor)
    audit.record(
        Event.USER_INVITED,
        actor=actor,
        user_id=user.pk,
        personal={"username": user.username, "email": user.email},
    )
    return user


def _invitee(username: str, email: str, first_name: str = "", last_name: str = "") -> User:
    """The user an invitation creates, unsaved. Raises InvalidValue."""
    if not email.strip():
        raise InvalidValue("email", Refusal.NEEDED_TO_INVITE())
    check_email(email.strip())
    return User(
        username=username.strip(),
        username_key=name_key(username.strip(), "username"),
        email=email.strip(),
        email_key=email_key(email.strip(), "email"),
        first_name=plain(first_name, "first name"),
        last_name=plain(last_name, "last name"),
        status=Status.INVITED,
    )


def check_invitations(people: Iterable[dict[str, str]]) -> list[str]:
    """For each of these people (the arguments of `invite_user`), why they can't be invited, or empty.

    Also checks within the file: the second of two lines with the same username or email is refused. A few statements,
    whatever the number; changes between this check and the invitation are found then.
    """
    checked = [_checked(said) for said in people]
    users = [user for user, _ in checked if user]
    names, emails = (_Keys(_taken(column, users)) for column in ("username_key", "email_key"))
    return [_not_free(user, names, emails) if user else problem for user, problem in checked]


def _checked(said: dict[str, str]) -> tuple[User | None, str]:
    try:
        return _invitee(**said), ""
    except InvalidValue as error:
        return None, error.sentence


def _taken(column: str, users: list[User]) -> set[str]:
    """The keys that are already in use."""
    keys = [getattr(user, column) for user in users]
    rows = User.objects.filter(**{f"{column}__any_of": keys})
    return set(rows.values_list(column, flat=True))


@dataclass(slots=True)
class _Keys:
    """Usernames or emails already in use: in the portal, or further up in the file."""

    in_portal: set[str]
    above: set[str] = field(default_factory=set)

    def why_not(self, key: str, name: str) -> str:
        if key in self.in_portal:
            return Refusal.NAME_TAKEN(name=name)
        return Refusal.NAME_ABOVE(name=name) if key in self.above else ""


def _not_free(user: User, names: _Keys, emails: _Keys) -> str:
    """Why it is taken, if it is; a free name counts as taken from now on."""
    key, email = user.username_key, user.email_key or ""
    problem = names.why_not(key, "username") or emails.why_not(email, "email")
    if not problem:
        names.above.add(key)
        emails.above.add(email)
    return problem


@transaction.atomic
def resend_invitation(user: User, *, actor: Actor) -> None:
    """A new link and a new deadline; the old link stops working."""
    user = lock(User, user.pk)
    policy.require(Action.RESEND_INVITATION, actor=actor, user=user)
    Invitation.objects.filter(user=user).delete()
    _send(user, actor)
    audit.record(Event.USER_INVITATION_RESENT, actor=actor, user_id=user.pk)


def mail_has_failed(user: User) -> bool:
    """Whether the last invitation mail failed; without a worker this is known at once."""
    return Invitation.objects.filter(user=user).exclude(mail_failed_at=None).exists()


@transaction.atomic
def revoke_invitation(user: User, *, actor: Actor) -> None:
    """End the link and disable the user, who never signed in."""
    user = lock(User, user.pk)
    policy.require(Action.REVOKE_INVITATION, actor=actor, user=user)
    set_status(user, Status.DISABLED, actor=actor)
    audit.record(Event.USER_INVITATION_REVOKED, actor=actor, user_id=user.pk)


def find_invitation(secret: str) -> Invitation:
    """The pending invitation behind a link, valid only for the address it was sent to (SR-23).

    Raises NotFound for a wrong, used or expired one, Refused while SSO is enforced (R22).
    """
    rows = Invitation.objects.pending().select_related("user")
    invitation = rows.filter(user__status=Status.INVITED, digest=secrets.digest(secret)).first()
    if invitation is None:
        raise NotFound(Refusal.INVITATION_GONE())
    policy.require_password_door(invitation.user)
    return invitation


@transaction.atomic
def accept_invitation(secret: str, *, password: str) -> User:
    """Set the first password and enable the user, once: the link is checked again under the lock (SR-23)."""
    user = lock(User, find_invitation(secret).user_id)
    find_invitation(secret)
    check_password_strength(password, user)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    actor = Person(user)
    set_status(user, Status.ENABLED, actor=actor)
    audit.record(Event.USER_INVITATION_ACCEPTED, actor=actor, user_id=user.pk)
    return user


def _send(user: User, actor: Actor) -> None:
    secret = secrets.new_link_secret()
    Invitation.objects.create(
        user=user,
        digest=secrets.digest(secret),
        email=user.email or "",
        invited_by=getattr(actor, "user", None),
        expires_at=default_expiry(),
    )
    notices.invite(user, secret)
