"""What people with a password prove themselves with besides: an app, passkeys, and codes for when those are lost."""

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


class Passkey(models.Model):
    """A key that opens the portal by itself, or after the password; its private half never leaves its device.

    `credential_id`, `public_key` (COSE) and `user_handle` in base64url. `sign_count` is what the key last counted,
    0 for keys that don't count. `is_synced`: it has copies, in an account or a password manager.
    """

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100)
    credential_id = models.CharField(max_length=1_400, unique=True, editable=False)
    public_key = models.TextField(editable=False)
    user_handle = models.CharField(max_length=64, editable=False)
    sign_count = models.BigIntegerField(default=0, editable=False)
    is_synced = models.BooleanField(default=False, editable=False)
    transports = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
