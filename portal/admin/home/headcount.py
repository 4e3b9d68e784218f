"""The users by status, now and over time: a chart drawn on the server, without script, and a table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise

from django.http import HttpRequest
from django.utils import timezone

from identity.db.counting import MOST, count_up_to, up_to
from identity.models import AccessSettings, Headcount, Status, User

SPANS = {30: "30 days", 90: "90 days", 365: "A year"}
ORDER = (Status.ENABLED, Status.DISABLED, Status.INVITED)  # from the bottom up
WIDTH, HEIGHT = 1000, 200


@dataclass(frozen=True, slots=True)
class People:
    """The users by status. In a directory too large to be counted for a page: on `day`, when all were counted."""

    numbers: dict[str, int]
    day: date | None = None

    @property
    def is_capped(self) -> bool:
        """Whether there are more than the numbers say: too many for a page, and not yet counted in full."""
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
    """The users by status, exactly: as they are now, or past `MOST` of one status as they were at the day's count.

    Where that count is older than the growth, all that is known of such a status is that there are more.
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


@dataclass(frozen=True, slots=True)
class Band:
    """The area of one status; `points` are an SVG polygon's."""

    label: str
    status: str
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bands from the bottom up, the lines that say how much, and the days as a table."""

    bands: list[Band]
    top: int
    first: Day
    last: Day
    days: list[Day]
    span: int
    spans: dict[int, str]
    when: str

    @property
    def scale(self) -> list[str]:
        """The numbers beside the lines, from the top down."""
        return [f"{number:,}" for number in (self.top, self.top // 2, 0)]

    @property
    def in_words(self) -> str:
        """What a screen reader says in place of the picture."""
        change = self.last.total - self.first.total
        moved = "as many as" if not change else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
        users = "1 user" if self.last.total == 1 else f"{self.last.total:,} users"
        return f"{users} {self.when}, {moved} on {self.first.day:%-d %B %Y}."


def chart_of(request: HttpRequest, now: People) -> Chart | None:
    """The last 30, 90 or 365 days, as the address asks; None while there are fewer than two points."""
    asked = request.GET.get("days", "")
    span = int(asked) if asked.isdecimal() and int(asked[:4]) in SPANS else 30
    days = _days(span, now.numbers)
    if len(days) < 2:
        return None
    top = _rounded_up(max(day.total for day in days))
    return Chart(list(_bands(days, top)), top, days[0], days[-1], days, span, SPANS, now.when)


def _days(span: int, now: dict[str, int]) -> list[Day]:
    """A point for each day: what the first count on or after it says, since nothing changed in between."""
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


def _bands(days: list[Day], top: int) -> list[Band]:
    heights = [[0, *accumulate(day.in_order)] for day in days]
    edges = [_line(edge, top) for edge in zip(*heights, strict=True)]
    return [
        Band(status.label, status.value, " ".join([*upper, *reversed(lower)]))
        for status, (lower, upper) in zip(ORDER, pairwise(edges), strict=True)
    ]


def _line(heights: tuple[int, ...], top: int) -> list[str]:
    """The corners of an edge from left to right; SVG counts y from above."""
    step = WIDTH / (len(heights) - 1)
    return [f"{at * step:.1f},{HEIGHT - HEIGHT * height / top:.1f}" for at, height in enumerate(heights)]


def _rounded_up(number: int) -> int:
    """The next number of two digits and zeros, even, so that half of it is a whole one."""
    unit = int("2" + "0" * (len(str(number)) - 2))
    return max(2, -(-number // unit) * unit)
