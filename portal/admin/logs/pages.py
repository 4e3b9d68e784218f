"""What both logs share: what identity providers sent, and every change with its actor.

Both grow to millions of rows. So nothing here counts or sorts a whole table: pages follow the primary key
(KeysetChangeList), filters follow an index, and a time is turned into a row id first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import DateTimeInput
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst
from unfold.contrib.filters.admin import DropdownFilter, TextFilter
from unfold.contrib.filters.forms import SearchForm
from unfold.decorators import display
from unfold.widgets import INPUT_CLASSES

from identity.core.decisions import Action
from identity.core.keys import sought
from identity.db import replica
from identity.db.keyset import Keyset
from identity.models import IdentityProvider, User
from identity.services.retention import period_of
from portal.admin.frame.base import PortalModelAdmin
from portal.admin.frame.lists import PortalChangeList
from portal.admin.frame.parts import is_key, moment

OLDER_THAN, NEWER_THAN = "before", "after"
CHOICES = 200


class SinceFilter(DropdownFilter):
    """How far back to look."""

    title = "time"
    parameter_name = "since"
    spans: ClassVar[dict[str, tuple[str, timedelta]]] = {
        "hour": ("Last hour", timedelta(hours=1)),
        "day": ("Last 24 hours", timedelta(days=1)),
        "week": ("Last 7 days", timedelta(days=7)),
        "month": ("Last 30 days", timedelta(days=30)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, label) for key, (label, _) in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        if self.value() not in self.spans:
            return queryset  # type: ignore[no-any-return]
        _, span = self.spans[str(self.value())]
        return queryset.since(timezone.now() - span)  # type: ignore[no-any-return]


class PlainFilter(TextFilter):
    """A text field labelled by its title alone, where unfold says "By from"."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        name = str(self.parameter_name)
        label = capfirst(str(self.title))
        yield {"form": self.form_class(name=name, label=label, data={name: self.value()})}


class MomentForm(SearchForm):
    """One point in time, by the browser's own calendar."""

    def __init__(self, name: str, label: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(name, label, *args, **kwargs)
        widget = DateTimeInput({"type": "datetime-local", "class": " ".join(INPUT_CLASSES)})
        self.fields[name].widget = widget


class MomentFilter(PlainFilter):
    """From or until a point in time (UTC): a date, or a date and a time in ISO 8601."""

    form_class = MomentForm

    def moment(self) -> datetime | None:
        """Raises IncorrectLookupParameters if it is not a point in time."""
        text = self.value()
        if not text:
            return None
        try:
            found = parse_datetime(text) or datetime.combine(parse_date(text), datetime.min.time())  # type: ignore[arg-type]
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (TypeError, ValueError) as error:
            raise IncorrectLookupParameters from error


class FromFilter(MomentFilter):
    title = "from (UTC)"
    parameter_name = "from"

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        at = self.moment()
        return queryset.since(at) if at else queryset  # type: ignore[no-any-return]


class UntilFilter(MomentFilter):
    title = "until (UTC)"
    parameter_name = "until"

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        at = self.moment()
        return queryset.before(at) if at else queryset  # type: ignore[no-any-return]


class LoggedPersonFilter(PlainFilter):
    """One person, by full username or email."""

    title = "person (whole username or email)"
    parameter_name = "person"

    @property
    def key(self) -> str:
        return sought(self.value() or "")

    def person_id(self) -> int | None:
        """The primary key of the person, if there is one."""
        person = User.objects.named(self.value() or "")
        return person.pk if person else None


class IdentityProviderFilter(DropdownFilter):
    """One identity provider; the log keeps its number when it is deleted here."""

    title = "identity provider"
    parameter_name = "idp"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = IdentityProvider.objects.order_by("name_key").values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows[:CHOICES]]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(identity_provider_id=int(value)) if is_key(value) else queryset  # type: ignore[no-any-return]


class KeysetPaginator(Paginator):
    """Counts nothing: the previous and next page are known from the first and last row."""

    template_name = "admin/identity/includes/keyset_pages.html"
    count = 0


class KeysetChangeList(PortalChangeList):
    """Pages by primary key, newest first: the millionth page costs no more than the first."""

    older: int | None = None  # the next page starts below this row
    newer: int | None = None

    def get_filters_params(self, params: Any = None) -> Any:
        """The page is not a filter, and a new search or filter starts at the newest row."""
        for name in (OLDER_THAN, NEWER_THAN):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_filters_params(params)

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = self._page(request.GET)
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False
        self.paginator = KeysetPaginator(self.result_list, self.list_per_page)

    def _page(self, asked: QueryDict) -> list[Any]:
        before, after = asked.get(OLDER_THAN, ""), asked.get(NEWER_THAN, "")
        is_backwards, row = is_key(after), after if is_key(after) else before
        order = Keyset(descends=not is_backwards)
        place = (int(row), int(row)) if is_key(row) else None
        page, has_more = order.page(self.queryset, self.list_per_page, place)
        if is_backwards:
            page.reverse()
        if page:
            self.newer = page[0].pk if (has_more if is_backwards else place) else None
            self.older = page[-1].pk if (is_backwards or has_more) else None
        return page


class RecordAdmin(PortalModelAdmin):
    """Newest first, read-only, exported as CSV and JSON lines.

    `retention` names the kind of record whose days are shown.
    """

    seen_by = Action.VIEW_LOGS
    area = replica.LOGS
    retention: ClassVar[str]

    sortable_by = ()
    ordering = ("-id",)
    show_facets = admin.ShowFacets.NEVER
    list_filter_submit = True
    export_formats = ("csv", "jsonl")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return KeysetChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        kept = {"days_kept": period_of(self.retention).days}
        return super().changelist_view(request, {**kept, **(extra_context or {})})

    @display(description="Time (UTC)")
    def shown_at(self, row: Any) -> str:
        return moment(row.at, seconds=True)

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        raise NotImplementedError


def shown_value(value: object) -> str:
    """A row's detail in words."""
    match value:
        case None | "" | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)
