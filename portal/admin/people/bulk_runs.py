"""Bulk actions: the progress of each, and the result of every row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from unfold.decorators import display

from identity.core.decisions import Action
from identity.db.counting import count_of
from identity.models import BulkRow, BulkRun
from identity.services import bulk_runs
from portal.admin.frame.base import ActionPage, PortalModelAdmin
from portal.admin.frame.deciding import person_of
from portal.admin.frame.parts import moment, page_of
from portal.admin.people.user_bulk import summary
from portal.exchange.csv_in import COLUMNS
from portal.exchange.csv_out import csv_lines, download

Outcome = BulkRow.Outcome


class StartRun(ActionPage):
    """Start a draft."""

    name = "start"
    label = "Start"
    action = Action.START_RUN
    icon = "play_arrow"

    def get_explanation(self) -> str:
        number = self.obj.rows.filter(outcome=Outcome.PENDING).count()
        return f"{self.obj}: {number} {'person' if number == 1 else 'people'}."

    def run(self, form: Form) -> str:
        self.obj = bulk_runs.begin_draft(self.obj, actor=person_of(self.request))
        return summary(self.obj)


class ContinueRun(ActionPage):
    """Continue with the waiting rows, for as long as a response may take.

    Without a worker the run's page posts this automatically while the person who started it has it open; for anyone
    else it does not, since the rest would be done in their name.
    """

    name = "continue"
    label = "Continue"
    action = Action.CONTINUE_RUN
    icon = "play_arrow"

    def run(self, form: Form) -> str:
        is_done = bulk_runs.work_on(self.obj, actor=person_of(self.request))
        return summary(self.obj) if is_done else ""


class DiscardDraft(ActionPage):
    """Discard a draft: nothing was done."""

    name = "discard"
    label = "Discard"
    action = Action.DISCARD_RUN
    icon = "delete"
    submit = "Discard the draft"
    explanation = "Nothing has been done yet, and nothing will be."

    def run(self, form: Form) -> str:
        bulk_runs.discard_draft(self.obj, actor=person_of(self.request))
        self.obj = None
        return "The draft was discarded."


@admin.register(BulkRun)
class BulkRunAdmin(PortalModelAdmin):
    """The list of bulk actions."""

    seen_by = Action.VIEW_BULK_RUNS
    pages = (StartRun, ContinueRun, DiscardDraft)
    list_display = ("shown_at", "shown_kind", "started_by", "rows", "done", "refused", "waiting")
    list_display_links = ("shown_at", "shown_kind")
    list_select_related = ("started_by",)
    sortable_by = ()
    change_list_template = "admin/identity/bulkrun/list.html"
    detail_template = "admin/identity/bulkrun/detail.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkRun]:
        rows = BulkRow.objects.filter(run=OuterRef("pk"))
        counts = {f"number_{outcome.value}": count_of(rows.filter(outcome=outcome)) for outcome in Outcome}
        found: QuerySet[BulkRun] = super().get_queryset(request).annotate(**counts)
        return found

    @display(description="Time (UTC)")
    def shown_at(self, run: BulkRun) -> str:
        return moment(run.created_at)

    @display(description="What")
    def shown_kind(self, run: BulkRun) -> str:
        return f"{run} (draft)" if run.is_draft else str(run)

    @display(description="People")
    def rows(self, run: Any) -> int:
        return sum(getattr(run, f"number_{outcome.value}") for outcome in Outcome)

    @display(description="Done")
    def done(self, run: Any) -> int:
        return run.number_done  # type: ignore[no-any-return]

    @display(description="Refused")
    def refused(self, run: Any) -> int:
        return run.number_refused  # type: ignore[no-any-return]

    @display(description="Waiting")
    def waiting(self, run: Any) -> int:
        return run.number_pending  # type: ignore[no-any-return]

    # --- one run ---

    def get_detail(self, request: HttpRequest, obj: BulkRun) -> dict[str, Any]:
        numbers = dict(obj.rows.order_by().values_list("outcome").annotate(number=Count("pk")))
        total, waiting = sum(numbers.values()), numbers.get(Outcome.PENDING, 0)
        return {
            "total": total,
            "finished": total - waiting,
            "waiting": waiting,
            "has_worker": bulk_runs.has_worker(),
            "is_own": obj.started_by_id == request.user.pk,
            "numbers": [(value, label, numbers[value]) for value, label in Outcome.choices if value in numbers],
            "asked": request.GET.get("outcome", ""),
            "slice": page_of(request, _rows(request, obj)),
            "continue_url": reverse(self.url_name(ContinueRun.name), args=(obj.pk,)),
            "csv_url": f"{reverse(self.url_name('results'), args=(obj.pk,))}?{request.GET.urlencode()}",
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.results)
        name = self.url_name("results").removeprefix("admin:")
        return [path("<path:object_id>/results.csv", view, name=name), *super().get_urls()]

    def results(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The result of each row as CSV."""
        self.require_view(request)
        run: BulkRun = self.get_object_or_404(request, object_id)
        columns = ("line", *COLUMNS) if run.kind == BulkRun.Kind.INVITE else ("username",)
        cells = ((*_who(run, row), row.get_outcome_display(), row.result) for row in _rows(request, run).iterator(1000))
        return download(csv_lines((*columns, "outcome", "result"), cells), name=f"bulk-action-{run.pk}", kind="csv")


def _rows(request: HttpRequest, run: BulkRun) -> QuerySet[BulkRow]:
    """The page's rows: all, or those with the requested outcome."""
    rows: QuerySet[BulkRow] = run.rows.select_related("user__invitation").order_by("position")
    asked = request.GET.get("outcome", "")
    return rows.filter(outcome=asked) if asked in Outcome.values else rows


def _who(run: BulkRun, row: BulkRow) -> Iterable[object]:
    """For an invitation, everything in its file, so that it can be corrected and read again."""
    if run.kind == BulkRun.Kind.INVITE:
        return (row.position, *(row.values.get(column, "") for column in COLUMNS))
    return (row.username,)
