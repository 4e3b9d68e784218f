"""Reset links for forgotten passwords: created and mailed after the response, so that it reveals nothing (R22)."""

from __future__ import annotations

from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django_tasks import task

from identity.core.encryption import unseal
from identity.models import User
from identity.services import notices
from portal.project.shared_cache import cache
from portal.session.auth import find_user, may_reset_password, reset_tokens

SECONDS_BETWEEN_MAILS = 60


@task()
def mail_reset_link(sealed: str) -> None:
    """To the user with the given username or email, if they have a working password."""
    user = find_user(unseal(sealed))
    if user is not None and user.email and may_reset_password(user) and _may_mail(user):
        notices.reset_password(user, reset_path(user))


def _may_mail(user: User) -> bool:
    """One reset mail a minute per user, so that no mailbox can be flooded."""
    return bool(cache.add(f"reset-mail:{user.pk}", 1, SECONDS_BETWEEN_MAILS))


def reset_path(user: User) -> str:
    """The path of a link that works once, for an hour."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_reset_confirm", args=(uid, reset_tokens.make_token(user)))
