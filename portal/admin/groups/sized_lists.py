"""Lists of groups with the number of members of each, sortable by it where counting is fast."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Model, OuterRef, QuerySet, Value
from django.http import HttpRequest
from unfold.decorators import display

from identity.core.decisions import Action
from identity.db.counting import MOST, count_up_to, up_to
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.lists import PortalChangeList

MEMBERS = "members_count"
MOST_IN_A_LIST = 20_000


class SizedChangeList(PortalChangeList):
    """A page of groups; for very large ones, members are counted only as far as a list needs."""

    model_admin: SizedAdmin

    @property
    def is_sorted_by_size(self) -> bool:
        return MEMBERS in (self.sortable_by or ())

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if self.is_sorted_by_size:
            return rows
        return self.model_admin.with_sizes(rows, MOST_IN_A_LIST)


class SizedAdmin(PortalModelAdmin):
    """`memberships`: their model, with the foreign key `membership_of` to the group."""

    seen_by = Action.VIEW_GROUPS
    memberships: ClassVar[type[Model]]
    membership_of: ClassVar[str]

    def with_sizes(self, rows: QuerySet[Any], most: int) -> QuerySet[Any]:
        members = self.memberships._default_manager.filter(**{self.membership_of: OuterRef("pk")})
        found: QuerySet[Any] = rows.annotate(number_of_members=count_up_to(most, members), counted_to=Value(most))
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return self.with_sizes(rows, MOST)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return SizedChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Sorting by members means counting all members of all groups: not offered if there are very many."""
        are_many = self.memberships._default_manager.order_by().values("pk")[: MOST + 1].count() > MOST
        return [column for column in super().get_sortable_by(request) if not (are_many and column == MEMBERS)]

    @display(description="Members", ordering="number_of_members")
    def members_count(self, group: Any) -> str:
        return up_to(group.counted_to, group.number_of_members)
