"""Inviting people whom no IdP provisions (SR-23)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from identity import audit, policy
from identity.actors import Person
from identity.errors import InvalidValue, NotFound, Refused, Taken
from identity.keys import email_key, name_key
from identity.models import Invitation, Status, User
from identity.models.invitations import default_expiry
from identity.policy import Action
from identity.services import notices, secrets
from identity.services.locks import lock
from identity.services.users import check_password_strength, set_status

if TYPE_CHECKING:
    from identity.actors import Actor


@transaction.atomic
def invite_user(
    *, username: str, email: str, first_name: str = "", last_name: str = "", actor: Actor
) -> User:
    """An Invited user and a single-use link in the mail. Raises Refused, Taken, InvalidValue."""
    policy.require(Action.INVITE, actor=actor)
    if not email.strip():
        raise InvalidValue("email", "is needed to send the invitation to")
    user = User(
        username=username.strip(),
        username_key=name_key(username.strip(), "username"),
        email=email.strip(),
        email_key=email_key(email.strip(), "email"),
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        status=Status.INVITED,
        password=make_password(None),
    )
    if User.objects.filter(Q(username_key=user.username_key) | Q(email_key=user.email_key)).exists():
        raise Taken("This username or email belongs to another user.")
    user.save(force_insert=True)
    _send(user, actor)
    audit.record(
        "user.invited",
        actor=actor,
        user_id=user.pk,
        personal={"username": user.username, "email": user.email},
    )
    return user


@transaction.atomic
def resend_invitation(user: User, *, actor: Actor) -> None:
    """A new link and a new deadline; the old link dies."""
    policy.require(Action.INVITE, actor=actor)
    user = _invited(user)
    Invitation.objects.filter(user=user).delete()
    _send(user, actor)
    audit.record("user.invitation_resent", actor=actor, user_id=user.pk)


@transaction.atomic
def revoke_invitation(user: User, *, actor: Actor) -> None:
    """The link dies and the user, who never was in, becomes Disabled."""
    policy.require(Action.INVITE, actor=actor)
    user = _invited(user)
    set_status(user, Status.DISABLED, actor=actor)
    audit.record("user.invitation_revoked", actor=actor, user_id=user.pk)


def find_invitation(secret: str) -> Invitation:
    """The pending invitation behind a link; NotFound for a wrong, used or expired one, Refused when SSO is enforced."""
    rows = Invitation.objects.pending().select_related("user")
    invitation = rows.filter(digest=secrets.digest(secret), user__status=Status.INVITED).first()
    if invitation is None:
        raise NotFound(
            "This invitation has been used, withdrawn or has expired. Ask an administrator for a new one."
        )
    decision = policy.may_use_password(invitation.user, policy.current_mode())
    if not decision:
        raise Refused(decision.reason, code=decision.code)
    return invitation


@transaction.atomic
def accept_invitation(secret: str, *, password: str) -> User:
    """Set the first password and enable the user, once: the link is checked again under the user's lock (SR-23)."""
    user = lock(User, find_invitation(secret).user_id)
    find_invitation(secret)
    check_password_strength(password, user)
    user.password = make_password(password)
    user.save(update_fields=["password"])
    actor = Person(user)
    set_status(user, Status.ENABLED, actor=actor)
    audit.record("user.invitation_accepted", actor=actor, user_id=user.pk)
    return user


def _invited(user: User) -> User:
    user = lock(User, user.pk)
    if user.status != Status.INVITED:
        raise Refused(f"{user.username} has no pending invitation.", code="not_invited")
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
