"""Second factors of people with a password: an authenticator app, passkeys, and recovery codes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from identity.db.defaults import EMPTY_LIST


class SecondFactor(models.Model):
    """A user's authenticator app: its encrypted secret, and the time step of the last code accepted.

    No code of that step or an earlier one is accepted again (RFC 6238 section 5.2), including the first one.
    """

    user = models.OneToOneField("identity.User", on_delete=models.CASCADE, related_name="second_factor")
    secret = models.TextField()
    last_step = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"second step of user {self.user_id}"


class RecoveryCode(models.Model):
    """A code that replaces the app once; only its keyed digest is stored."""

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="recovery_codes", db_index=False)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_unique")]

    def __str__(self) -> str:
        return f"recovery code of user {self.user_id}"


class Passkey(models.Model):
    """A key that signs in by itself or after the password; its private half never leaves its device.

    `credential_id`, `public_key` (COSE) and `user_handle` are base64url. `sign_count` is the key's last counter,
    0 for keys without one. `is_synced`: it is copied to an account or a password manager.
    """

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100)
    credential_id = models.CharField(max_length=1_400, unique=True, editable=False)
    public_key = models.TextField(editable=False)
    user_handle = models.CharField(max_length=64, editable=False)
    sign_count = models.BigIntegerField(default=0, db_default=0, editable=False)
    is_synced = models.BooleanField(default=False, db_default=False, editable=False)
    transports = models.JSONField(default=list, db_default=EMPTY_LIST, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
