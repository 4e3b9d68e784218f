"""The number of users on each day, for the dashboard's chart."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Count
from django.utils import timezone

from identity.models.users import Status, User


class HeadcountManager(models.Manager["Headcount"]):
    noted_on: date | None = None  # by this process: one query per day

    def note(self) -> None:
        """Count the users, once a day. Called after the first change of a day.

        No schedule is needed: between two changes the numbers stay the same.
        """
        today = timezone.now().date()
        self.noted_on = today
        if self.filter(day=today).exists():
            return
        numbers = self.by_status()
        self.bulk_create([Headcount(day=today, **numbers)], ignore_conflicts=True)

    def by_status(self) -> dict[str, int]:
        """The current number of users by status, in one pass over the status index."""
        counted = User.objects.order_by().values("status").annotate(number=Count("*"))
        numbers = dict(counted.values_list("status", "number"))
        return {status.value: numbers.get(status.value, 0) for status in Status}


class Headcount(models.Model):
    """Users by status at the start of a day (UTC), including the day's first change."""

    day = models.DateField(unique=True)
    invited = models.PositiveIntegerField()
    enabled = models.PositiveIntegerField()
    disabled = models.PositiveIntegerField()

    objects = HeadcountManager()

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day}"
