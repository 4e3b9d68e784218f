"""Keyset paging: a page begins after a row, so that the last of a million costs no more than the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

BATCH = 1000

Place = Sequence[Any]
"""Where a row is in an order: its value and its primary key."""


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order of rows by one column, ties by primary key.

    With `has_nulls`, missing values are last when ascending, first when descending.
    """

    column: str = "pk"
    descends: bool = False
    has_nulls: bool = False

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        sign = "-" if self.descends else ""
        if not self.has_nulls:
            return rows.order_by(*(f"{sign}{column}" for column in dict.fromkeys((self.column, "pk"))))
        value = F(self.column)
        first = value.desc(nulls_first=True) if self.descends else value.asc(nulls_last=True)
        return rows.order_by(first, f"{sign}pk")

    def place(self, row: Any) -> Place:
        """What `after` takes for this row."""
        value = row
        for name in self.column.split("__"):
            value = getattr(value, name)
        return value, row.pk

    def after(self, value: Any, pk: int) -> Q:
        """The rows after this place. The first condition alone is what an index can serve."""
        op = "lt" if self.descends else "gt"
        beyond, missing = Q(**{f"pk__{op}": pk}), f"{self.column}__isnull"
        if self.column == "pk":
            return beyond
        if value is None:
            among_missing = Q(**{missing: True}) & beyond
            return among_missing | Q(**{missing: False}) if self.descends else among_missing
        rest = Q(**{f"{self.column}__{op}e": value}) & (Q(**{f"{self.column}__{op}": value}) | beyond)
        return rest | Q(**{missing: True}) if self.has_nulls and not self.descends else rest

    def page(self, rows: QuerySet[Any], size: int, after: Place | None = None) -> tuple[list[Any], bool]:
        """The next rows, and whether there are more after them; one statement."""
        in_order = self.of(rows)
        found = list((in_order if after is None else in_order.filter(self.after(*after)))[: size + 1])
        return found[:size], len(found) > size


NEWEST_FIRST = Keyset(descends=True)


def batches(rows: QuerySet[Any], order: Keyset = NEWEST_FIRST) -> Iterator[list[Any]]:
    """All rows, a thousand at a time: each statement stays small."""
    has_more, after = True, None
    while has_more:
        batch, has_more = order.page(rows, BATCH, after)
        if batch:
            yield batch
            after = order.place(batch[-1])
