"""A list's export: what its filters leave, as a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from portal.exports import batches, csv_lines, download, json_lines

LABELS = {"csv": "Export CSV", "jsonl": "Export JSON lines"}


class ExportingAdmin(ModelAdmin):
    """A list that can be saved. Subclasses name the columns and hand over their cells."""

    export_columns: ClassVar[Mapping[str, str]] = {}  # name in JSON lines: heading in CSV; empty: no export
    export_formats: ClassVar[tuple[str, ...]] = ("csv",)

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        """The cells of these rows, in the order of `export_columns`."""
        raise NotImplementedError

    def export_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the list with what the cells need, and without what only the page does."""
        return rows

    def get_urls(self) -> list[URLPattern]:
        return [*map(self._export_url, self._formats()), *super().get_urls()]

    def export_links(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Label and address of each file, with the filters of this page."""
        query = request.GET.urlencode()
        return [(LABELS[kind], f"{reverse(f'admin:{self._export_name(kind)}')}?{query}") for kind in self._formats()]

    def _formats(self) -> tuple[str, ...]:
        return self.export_formats if self.export_columns else ()

    def _export_name(self, kind: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{'export' if kind == 'csv' else f'export_{kind}'}"

    def _export_url(self, kind: str) -> URLPattern:
        view = self.admin_site.admin_view(partial(self.export, kind=kind))
        return path(f"export.{kind}", view, name=self._export_name(kind))

    def export(self, request: HttpRequest, *, kind: str) -> HttpResponseBase:
        """What the list shows under these filters, all pages of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied("Your role does not include this page.")
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list of these parameters would be empty-handed as well
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        rows = (cells for batch in batches(self.export_queryset(found)) for cells in self.export_rows(batch))
        is_csv = kind == "csv"
        lines = csv_lines(self.export_columns.values(), rows) if is_csv else json_lines(self.export_columns, rows)
        name = f"{str(self.opts.verbose_name_plural).replace(' ', '-')}-{timezone.now():%Y-%m-%d}"
        return download(lines, name=name, kind=kind)
