"""Counts related rows for each row of a list, up to a limit so that pages stay fast."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

MOST = 100_000


class CountOf(Subquery):
    """The number of rows of a subquery, as a column; cut short where the subquery has a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def count_of(rows: QuerySet[Any]) -> Coalesce:
    """The number of `rows`, which refer to the outer row, as a column."""
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted), 0)


def count_up_to(most: int, rows: QuerySet[Any]) -> CountOf:
    """The number of `rows` as a column; `most` + 1 where there are more than `most`, without counting further."""
    return CountOf(rows.order_by().values("pk")[: most + 1])


def up_to(most: int, number: int) -> str:
    """A number that was counted no further than one more than `most`: "1,234", or "more than 10,000"."""
    return f"{number:,}" if number <= most else f"more than {most:,}"


def so_many(number: int, rows: str) -> str:
    """In words: `1 row`, `2,000 entries`."""
    one = f"{rows[:-3]}y" if rows.endswith("ies") else rows[:-1]
    return f"{number:,} {one if number == 1 else rows}"
