"""The second step of people who sign in with a password: an authenticator app, and codes for when it is lost."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class SecondFactor(models.Model):
    """Somebody's authenticator app: its sealed secret, and the time step of the last code that was taken.

    No code of that step or of an earlier one is taken again (RFC 6238 section 5.2), the first one included.
    """

    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="second_factor")
    secret = models.TextField()
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"second step of user {self.user_id}"


class RecoveryCode(models.Model):
    """A code that opens the door once in place of the app; only its keyed digest is kept."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="recovery_codes", db_index=False)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_unique")]

    def __str__(self) -> str:
        return f"recovery code of user {self.user_id}"
