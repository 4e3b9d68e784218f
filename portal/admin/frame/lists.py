"""Lists: their paginator, and what an address may ask of them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList


def part_of(rows: QuerySet[Any], start: int, stop: int) -> QuerySet[Any]:
    """One page of the rows: joins and computed columns apply to it alone, not to all rows being sorted."""
    return rows.filter(pk__in=rows.values("pk")[start:stop])


class CappedPaginator(Paginator):
    """A paginator that never counts a whole table: past `cap` rows it says "more than"."""

    cap = 10_000
    template_name = "admin/portal/includes/pagination.html"
    object_list: QuerySet[Any]

    @cached_property
    def _seen(self) -> int:
        """Rows that are only counted are neither sorted nor computed."""
        return self.object_list.order_by().values("pk")[: self.cap + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.cap)

    @property
    def is_capped(self) -> bool:
        return self._seen > self.cap

    def page(self, number: Any) -> Any:
        """Django's, by way of the keys of its rows."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return Page(part_of(self.object_list, start, start + self.per_page), number, self)

    def validate_number(self, number: int | float | str) -> int:
        """A page past the end becomes the last one: rows may have gone since the link was made."""
        try:
            return super().validate_number(number)
        except EmptyPage:
            return self.num_pages if int(number) > 1 else 1


class PortalChangeList(ChangeList):
    """A list that accepts only its own filters and the sorting of its own columns.

    Django takes every other parameter for a lookup on any column of the model: whether `password__startswith` leaves
    a row or none would reveal the column, character by character (SR-26).
    """

    def get_filters(self, request: HttpRequest) -> Any:
        """Raises DisallowedModelAdminLookup, which is answered 400, for a parameter that no filter uses."""
        filters, has_filters, left_over, *rest = super().get_filters(request)
        if left_over:
            raise DisallowedModelAdminLookup("This list has no such filter.")
        return filters, has_filters, left_over, *rest

    def get_ordering_field(self, field_name: Any) -> Any:
        """None for unlisted columns: Django sorts by whatever column the URL names."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None
