"""How long old records are kept, as the portal's owners chose."""

from __future__ import annotations

from django.db import models


class RetentionPeriod(models.Model):
    """The choice for one kind of record; 0 days: for good. Without a row nothing was chosen."""

    record = models.CharField(max_length=50, unique=True)
    days = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.record}: {self.days} days"
