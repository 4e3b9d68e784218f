"""Invitations for people no IdP provisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

LIFETIME = timedelta(hours=72)


def default_expiry() -> datetime:
    return timezone.now() + LIFETIME


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self) -> InvitationQuerySet:
        """Unexpired ones whose link was sent to the user's current address: changing it ends the link (SR-23)."""
        return self.filter(expires_at__gt=timezone.now(), email=F("user__email"))


class Invitation(models.Model):
    """A single-use link for one Invited user (SR-23). Accepting, revoking or provisioning deletes the row."""

    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="invitation")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.CharField(max_length=255)
    invited_by = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    expires_at = models.DateTimeField(default=default_expiry, db_default=Now(), editable=False)
    mail_failed_at = models.DateTimeField(null=True, editable=False)  # the last attempt, if it failed

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.email

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def has_other_address(self) -> bool:
        """Whether the user's email has changed since: the link was bound to the old one."""
        return self.email != self.user.email
