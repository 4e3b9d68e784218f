"""What identity providers wanted while they were turned away (R24)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from identity.core.decisions import Action
from identity.models import TurnedAway
from identity.queries.turned_away import NAMED, in_words, moving, with_moves
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.parts import badge, moment
from portal.admin.logs.pages import IdentityProviderFilter
from portal.admin.providers.turned_away_decisions import DecideOne

State = TurnedAway.State

STATE_COLOURS = {
    State.OPEN: "amber",
    State.AWAITED: "blue",
    State.APPLIED: "green",
    State.FORGOTTEN: "gray",
    State.HEARD: "green",
}


@admin.register(TurnedAway)
class TurnedAwayAdmin(PortalModelAdmin):
    """The account of what was turned away, the latest first."""

    seen_by = Action.VIEW_PROVIDERS
    pages = (DecideOne,)
    list_display = ("name", "wanted", "state_badge", "identity_provider", "why", "tries", "first", "last")
    list_filter: ClassVar = (
        IdentityProviderFilter,
        ("state", ChoicesDropdownFilter),
        ("resource_type", ChoicesDropdownFilter),
    )
    list_filter_submit = True
    search_fields = ()
    sortable_by = ()
    change_list_template = "admin/identity/turnedaway/list.html"
    detail_template = "admin/identity/turnedaway/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TurnedAway]:
        rows: Any = super().get_queryset(request)
        return with_moves(rows)

    @display(description="Would have happened")
    def wanted(self, row: TurnedAway) -> str:
        return in_words(row)

    @display(description="State")
    def state_badge(self, row: TurnedAway) -> str:
        return state_badge(row)

    @display(description="Why")
    def why(self, row: TurnedAway) -> str:
        return row.get_reason_display()

    @display(description="First")
    def first(self, row: TurnedAway) -> str:
        return moment(row.first_at)

    @display(description="Last")
    def last(self, row: TurnedAway) -> str:
        return moment(row.last_at)

    def get_detail(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "state": state_badge(obj),
            "wanted": in_words(obj),
            "sides": [
                (heading, moving(obj, joins=joins), max(0, number - NAMED))
                for heading, joins, number in (
                    ("Would join", True, obj.joining),
                    ("Would leave", False, obj.leaving),
                )
                if number
            ],
        }


def state_badge(row: TurnedAway) -> str:
    state = State(row.state)
    return badge(str(state.label), STATE_COLOURS[state])
