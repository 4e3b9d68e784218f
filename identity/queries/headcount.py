"""The number of users by status: now, and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from identity.db.counting import MOST, count_up_to, up_to
from identity.models import AccessSettings, Headcount, Status, User

ORDER = (Status.ENABLED, Status.DISABLED, Status.INVITED)


@dataclass(frozen=True, slots=True)
class People:
    """The users by status; for statuses too large to count on a page, as of `day`, when all were counted."""

    numbers: dict[str, int]
    day: date | None = None

    @property
    def is_capped(self) -> bool:
        """Whether there are more than the numbers show: too many for a page, and not yet counted in full."""
        return self.day is None and any(number > MOST for number in self.numbers.values())

    @property
    def when(self) -> str:
        if self.day:
            return f"at the start of {self.day:%-d %B %Y} (UTC)"
        return f"now, each status counted up to {MOST:,}" if self.is_capped else "now"

    @property
    def total(self) -> str:
        return up_to(MOST, MOST + 1) if self.is_capped else f"{sum(self.numbers.values()):,}"

    def of(self, status: Status) -> str:
        number = self.numbers[status.value]
        return f"{number:,}" if self.day else up_to(MOST, number)


def count_people() -> People:
    """The users by status: exact, or for a status with more than `MOST` users as of that day's count.

    If that count is older than the growth, all that is known of such a status is that there are more.
    """
    numbers = _counted_up_to_most()
    many = [status for status, number in numbers.items() if number > MOST]
    last = Headcount.objects.last() if many else None
    if last and all(getattr(last, status) > MOST for status in many):
        return People(_numbers(last), last.day)
    return People(numbers)


def _counted_up_to_most() -> dict[str, int]:
    """One statement: a scalar for each status, on the one row of the access settings."""
    counted = {status.value: count_up_to(MOST, User.objects.with_status(status)) for status in Status}
    row: dict[str, int] = AccessSettings.objects.annotate(**counted).values(*counted).get()
    return row


@dataclass(frozen=True, slots=True)
class Day:
    """The users of each status at the start of a day; the last one is now."""

    day: date
    numbers: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.numbers.values())

    @property
    def in_order(self) -> list[int]:
        return [self.numbers[status.value] for status in ORDER]


def days_until(now: dict[str, int], span: int) -> list[Day]:
    """A point for each day: the first count on or after it, since nothing changed in between."""
    today = timezone.now().date()
    counted = list(Headcount.objects.filter(day__gt=today - timedelta(days=span)))
    found, index = list[Day](), 0
    day = counted[0].day if counted else today
    while day <= today:
        while index < len(counted) and counted[index].day < day:
            index += 1
        numbers = _numbers(counted[index]) if index < len(counted) else now
        found.append(Day(day, numbers))
        day += timedelta(days=1)
    return [*found, Day(today, now)] if counted and counted[-1].day == today else found


def _numbers(row: Headcount) -> dict[str, int]:
    return {status.value: getattr(row, status.value) for status in Status}
