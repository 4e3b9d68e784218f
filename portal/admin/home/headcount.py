"""The users by status, now and over time: a chart drawn on the server, without script, with a table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

from django.http import HttpRequest

from identity.queries.headcount import ORDER, Day, People, days_until

SPANS = {30: "30 days", 90: "90 days", 365: "A year"}
WIDTH, HEIGHT = 1000, 200


@dataclass(frozen=True, slots=True)
class Band:
    """The area of one status; `points` are an SVG polygon's."""

    label: str
    status: str
    points: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bands from the bottom up, the grid lines with their values, and the days as a table."""

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
        """The values of the grid lines, from the top down."""
        return [f"{number:,}" for number in (self.top, self.top // 2, 0)]

    @property
    def in_words(self) -> str:
        """The text a screen reader speaks instead of the picture."""
        change = self.last.total - self.first.total
        moved = "as many as" if not change else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
        users = "1 user" if self.last.total == 1 else f"{self.last.total:,} users"
        return f"{users} {self.when}, {moved} on {self.first.day:%-d %B %Y}."


def chart_of(request: HttpRequest, now: People) -> Chart | None:
    """The last 30, 90 or 365 days, as requested; None while there are fewer than two points."""
    asked = request.GET.get("days", "")
    span = int(asked) if asked.isdecimal() and int(asked[:4]) in SPANS else 30
    days = days_until(now.numbers, span)
    if len(days) < 2:
        return None
    top = _rounded_up(max(day.total for day in days))
    return Chart(list(_bands(days, top)), top, days[0], days[-1], days, span, SPANS, now.when)


def _bands(days: list[Day], top: int) -> list[Band]:
    heights = [[0, *accumulate(day.in_order)] for day in days]
    edges = [_line(edge, top) for edge in zip(*heights, strict=True)]
    return [
        Band(status.label, status.value, " ".join([*upper, *reversed(lower)]))
        for status, (lower, upper) in zip(ORDER, pairwise(edges), strict=True)
    ]


def _line(heights: tuple[int, ...], top: int) -> list[str]:
    """The points of an edge from left to right; SVG counts y from the top."""
    step = WIDTH / (len(heights) - 1)
    return [f"{at * step:.1f},{HEIGHT - HEIGHT * height / top:.1f}" for at, height in enumerate(heights)]


def _rounded_up(number: int) -> int:
    """Rounded up to two significant digits, even, so that half of it is a whole number."""
    unit = int("2" + "0" * (len(str(number)) - 2))
    return max(2, -(-number // unit) * unit)
