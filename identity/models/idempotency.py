"""Stored answers for retried requests (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

KEPT = timedelta(hours=24)


class IdempotentRequest(models.Model):
    """A POST that carried an Idempotency-Key: a retry within 24 hours gets the same answer and changes nothing.

    `digest` is the request's; `answer` is encrypted (`identity.core.encryption`), since it holds personal data,
    never contains a secret that is shown once, and is empty while the first request is running.
    """

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    answer = models.TextField(blank=True, default="", db_default="")
    begun_at = models.DateTimeField(default=timezone.now, db_default=Now(), db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_unique")]

    def __str__(self) -> str:
        return self.key
