"""Mails sent by services, as background work that runs only if their transaction commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone
from django_tasks import task

from identity.core import secrets
from identity.core.actors import Person
from identity.core.encryption import seal, unseal
from identity.models import AlarmNotice, Conflict, Invitation, User
from identity.services import background

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from identity.core.actors import Actor
    from identity.models import IdentityProvider, Webhook


class SecurityChange(StrEnum):
    """A change to an account that its owner is notified of by mail, as the mail puts it."""

    PASSWORD = "Password changed"  # noqa: S105 - a sentence
    EMAIL = "Email address changed"
    SECOND_STEP_SET_UP = "Second step set up"
    SECOND_STEP_REPLACED = "Second step replaced"
    SECOND_STEP_REMOVED = "Second step removed"
    RECOVERY_CODES = "New recovery codes created"
    PASSKEY_ADDED = "Passkey added"
    PASSKEY_REMOVED = "Passkey removed"
    PASSKEY_REFUSED = "Passkey refused: it may have been copied"
    API_TOKEN_CREATED = "API token created"  # noqa: S105 - a sentence
    API_TOKEN_REVOKED = "API token revoked"  # noqa: S105 - a sentence


def invite(user: User, secret: str) -> None:
    """The single-use link, to the address it is bound to (SR-23)."""
    link = f"{settings.PUBLIC_URL}/invitations/{secret}/"
    for sealed in _sealed("invitation", [user.email or ""], {"user": user, "link": link}):
        background.later(deliver_invitation, sealed=sealed, digest=secrets.digest(secret))


def reset_password(user: User, path: str) -> None:
    """A link to choose a new password, to the stored address only (R22, SR-31)."""
    _send("password_reset", [user.email or ""], {"user": user, "link": f"{settings.PUBLIC_URL}{path}"})


def tell_of_security_change(
    user: User, what: SecurityChange, *, detail: str = "", addresses: Iterable[str | None] = ()
) -> None:
    """A change of credentials: if it wasn't the owner, they should know (ASVS 5.0 6.3.7).

    The mail goes to the stored address, or to the given ones: when the email changed, also to the old one.
    """
    context = {"user": user, "change": what.value, "detail": detail}
    _send("security_change", filter(None, addresses or [user.email]), context)


def tell_owners_of_trust(provider: IdentityProvider, what: str, detail: str, *, actor: Actor) -> None:
    """Trust settings or an identity provider's tokens changed: their holder could sign in as any of its users."""
    link = f"{settings.PUBLIC_URL}/admin/identity/identityprovider/{provider.pk}/change/"
    who = actor.user.username if isinstance(actor, Person) else actor.label
    context = {"provider": provider, "change": what, "detail": detail, "who": who, "link": link}
    _send("trust_changed", _emails(User.objects.enabled_owners()), context)


def tell_owners_of_brake(provider: IdentityProvider) -> None:
    """R26: what an identity provider sends would take access from many people; an owner decides."""
    link = f"{settings.PUBLIC_URL}/admin/identity/identityprovider/{provider.pk}/change/"
    _send("braked", _emails(User.objects.enabled_owners()), {"provider": provider, "link": link})


def tell_administrators_of_revival(user: User) -> None:
    """R9: an account returned under another externalId; an administrator should check that it is the same person."""
    link = f"{settings.PUBLIC_URL}/admin/identity/user/{user.pk}/change/"
    _send("revived", _administrators(), {"user": user, "link": link})


def tell_administrators_of_another_person(conflict: Conflict) -> None:
    """R5, R21: a sign-in came under the username or email of another person of the same identity provider."""
    link = f"{settings.PUBLIC_URL}/admin/identity/conflict/{conflict.pk}/change/"
    _send("another_person", _administrators(), {"conflict": conflict, "link": link})


def tell_administrators_of_break_glass(user: User) -> None:
    """SR-21: a break-glass account was used."""
    _send("break_glass", _administrators(), {"user": user})


def tell_owners_of_webhook(webhook: Webhook) -> None:
    """The portal has switched it off by itself: events wait in the audit log."""
    link = f"{settings.PUBLIC_URL}/admin/identity/webhook/{webhook.pk}/change/"
    _send("webhook_disabled", _emails(User.objects.enabled_owners()), {"webhook": webhook, "link": link})


def tell_of_alarms(address: str, alarms: Sequence[tuple[str, str]], notices: Sequence[int]) -> None:
    """One mail about all of these, each a sentence and what to do; the notices say what became of it."""
    context = {
        "alarms": alarms,
        "first": alarms[0][0],
        "more": len(alarms) - 1,
        "link": f"{settings.PUBLIC_URL}/admin/identity/alarm/",
    }
    for sealed in _sealed("alarms", [address], context):
        background.later(deliver_alarms, sealed=sealed, notices=list(notices))


def _administrators() -> list[str]:
    return _emails(User.objects.administrators())


def _emails(people: QuerySet[User]) -> list[str]:
    return [email for email in people.exclude(email=None).values_list("email", flat=True) if email]


def _send(template: str, recipients: Iterable[str], context: Mapping[str, object]) -> None:
    for sealed in _sealed(template, recipients, context):
        background.after_answer(deliver, sealed=sealed)


def _sealed(template: str, recipients: Iterable[str], context: Mapping[str, object]) -> Iterator[str]:
    """A mail to each address. Encrypted, since a queue must not expose a link that opens an account (SR-15)."""
    text = render_to_string(f"mail/{template}.txt", {**context, "portal": settings.PUBLIC_URL})
    subject, _, body = text.partition("\n")
    for address in filter(None, recipients):
        yield seal(json.dumps([subject.strip(), body.lstrip(), address]))


@task()
def deliver(sealed: str) -> None:
    """Send one mail to one address."""
    _deliver(sealed)


@task()
def deliver_invitation(sealed: str, digest: str) -> None:
    """The same, and record on the invitation, if it is still the same one, whether the mail was sent."""
    invitations = Invitation.objects.filter(digest=digest)
    try:
        _deliver(sealed)
    except OSError:  # also raised by smtplib
        invitations.update(mail_failed_at=timezone.now())
        raise
    invitations.exclude(mail_failed_at=None).update(mail_failed_at=None)


@task()
def deliver_alarms(sealed: str, notices: list[int]) -> None:
    """The same, and record on the notices whether the mail was sent."""
    rows = AlarmNotice.objects.filter(pk__in=notices)
    try:
        _deliver(sealed)
    except OSError:  # also raised by smtplib
        rows.update(state=AlarmNotice.State.FAILED)
        raise
    rows.update(state=AlarmNotice.State.SENT, sent_at=timezone.now())


def _deliver(sealed: str) -> None:
    subject, body, address = json.loads(unseal(sealed))
    send_mail(subject, body, None, [address])
