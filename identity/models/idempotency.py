"""Answers that a retried request is given again (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

KEPT = timedelta(hours=24)


class IdempotentRequest(models.Model):
    """A POST that carried an Idempotency-Key: retried within 24 hours, it is answered and not done again.

    `digest` is that of the request; `answer` is sealed (`identity.core.encryption`), since it tells of people, holds
    no secret that is shown once, and is empty while the first request is still being worked on.
    """

    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    answer = models.TextField(blank=True)
    begun_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_unique")]

    def __str__(self) -> str:
        return self.key
