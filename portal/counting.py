"""Counting rows of another table beside each row of a list."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


class CountOf(Subquery):
    """The number of rows of a subquery, as a column; cut short where the subquery has a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def count_of(rows: QuerySet[Any]) -> Coalesce:
    """The number of `rows`, which refer to the outer row, as a column."""
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
