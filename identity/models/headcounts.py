"""How many users there were on each day: what the dashboard's chart is drawn from."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Count
from django.utils import timezone

from identity.models.users import Status, User


class HeadcountManager(models.Manager["Headcount"]):
    noted_on: date | None = None  # by this process: the day is asked for once, whatever happens in it

    def note(self) -> None:
        """Count the users, unless somebody did today. Called after the first change of a day.

        So no clock has to ring: between two changes nothing changes.
        """
        today = timezone.now().date()
        self.noted_on = today
        if self.filter(day=today).exists():
            return
        numbers = self.by_status()
        self.bulk_create([Headcount(day=today, **numbers)], ignore_conflicts=True)

    def by_status(self) -> dict[str, int]:
        """The users of each status now, by one pass over the index of statuses."""
        counted = User.objects.order_by().values("status").annotate(number=Count("*"))
        numbers = dict(counted.values_list("status", "number"))
        return {status.value: numbers.get(status.value, 0) for status in Status}


class Headcount(models.Model):
    """The users by status at the start of a day (UTC), the first change of the day included."""

    day = models.DateField(unique=True)
    invited = models.PositiveIntegerField()
    enabled = models.PositiveIntegerField()
    disabled = models.PositiveIntegerField()

    objects = HeadcountManager()

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day}"
