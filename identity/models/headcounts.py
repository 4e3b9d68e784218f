"""The number of users on each day, for the dashboard's chart."""

from __future__ import annotations

from django.db import models
from django.db.models import Count

from identity.models.users import Status, User


class HeadcountManager(models.Manager["Headcount"]):
    def by_status(self) -> dict[str, int]:
        """The current number of users by status, in one pass over the status index."""
        counted = User.objects.order_by().values("status").annotate(number=Count("*"))
        numbers = dict(counted.values_list("status", "number"))
        return {status.value: numbers.get(status.value, 0) for status in Status}


class Headcount(models.Model):
    """Users by status at the start of a day (UTC)."""

    day = models.DateField(unique=True)
    invited = models.PositiveIntegerField()
    enabled = models.PositiveIntegerField()
    disabled = models.PositiveIntegerField()

    objects = HeadcountManager()

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day}"
