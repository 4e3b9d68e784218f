"""The brake of each identity provider (R26): how much it may take away within an hour, and what it took."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

BRAKED_OVER = timedelta(hours=1)
SETTLED = timedelta(days=1)  # who was provisioned later does not count, so that trying out stays easy
PEOPLE, PERCENT = 20, 10


class Brake(models.Model):
    """A row of its own, which only writes that take something away lock."""

    identity_provider = models.OneToOneField(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="brake"
    )
    is_on = models.BooleanField(default=True, db_default=True)
    people = models.PositiveIntegerField(default=PEOPLE, db_default=PEOPLE)
    percent = models.PositiveSmallIntegerField(default=PERCENT, db_default=PERCENT)
    braked_at = models.DateTimeField(null=True, editable=False)
    raised_to = models.PositiveIntegerField(null=True, editable=False, help_text="People, instead of both limits.")
    raised_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(percent__lte=100), name="brake_percent_of_hundred")]

    def __str__(self) -> str:
        return f"Brake of {self.identity_provider}"

    @property
    def is_raised(self) -> bool:
        return self.raised_until is not None and self.raised_until > timezone.now()


class RecentLoss(models.Model):
    """A person who was disabled, or lost a mapped group, by an IdP: once each, with the last time. Kept for an hour."""

    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    user_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity_provider", "user_id"], name="recent_loss_unique")
        ]
        indexes: ClassVar = [models.Index(fields=["identity_provider", "at"], name="recent_loss_by_time")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.identity_provider_id}"
