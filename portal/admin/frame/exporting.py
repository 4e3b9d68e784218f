"""Exports of lists, with their current filters, as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from html import unescape
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import strip_tags
from unfold.admin import ModelAdmin

from identity.db import replica
from identity.db.keyset import batches
from portal.exchange.csv_out import csv_lines, download, json_lines
from portal.project.replicas import read_by

LABELS = {"csv": "Export CSV", "jsonl": "Export JSON lines"}


class ExportingAdmin(ModelAdmin):
    """A list that can be exported: as shown, unless a subclass names columns and provides their cells."""

    export_columns: ClassVar[Mapping[str, str]] = {}  # name in JSON lines: heading in CSV
    export_formats: ClassVar[tuple[str, ...]] = ("csv",)

    def require_view(self, request: HttpRequest) -> None:
        """Raise PermissionDenied for anyone who may not see the list."""
        raise NotImplementedError

    def export_rows(self, batch: list[Any]) -> Iterable[Iterable[object]]:
        """The cells of these rows, in the order of the columns."""
        return ([self._shown(column, row) for column in self.list_display] for row in batch)

    def export_queryset(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The list's rows with what the cells need, and without what only the page needs."""
        return rows

    def get_urls(self) -> list[URLPattern]:
        return [*map(self._export_url, self.export_formats), *super().get_urls()]

    def export_links(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Label and URL of each file, with the filters of this page."""
        query = request.GET.urlencode()
        return [
            (LABELS[kind], f"{reverse(f'admin:{self._export_name(kind)}')}?{query}") for kind in self.export_formats
        ]

    def _columns(self) -> Mapping[str, str]:
        shown = {str(column): str(label_for_field(column, self.model, self)) for column in self.list_display}
        return self.export_columns or shown

    def _shown(self, column: Any, row: Any) -> str:
        """What the page shows, as text: a badge becomes its word, a name with a line below becomes both."""
        field, _, value = lookup_field(column, row, self)
        if field is not None and getattr(field, "choices", None):
            value = getattr(row, f"get_{field.name}_display")()
        parts = value if isinstance(value, tuple) else (value,)
        return " ".join(_plain(part) for part in parts if part is not None).strip()

    def _export_name(self, kind: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{'export' if kind == 'csv' else f'export_{kind}'}"

    def _export_url(self, kind: str) -> URLPattern:
        view = self.admin_site.admin_view(partial(self.export, kind=kind))
        return path(f"export.{kind}", view, name=self._export_name(kind))

    def export(self, request: HttpRequest, *, kind: str) -> HttpResponseBase:
        """What the list shows under these filters, on all pages."""
        return read_by(request, replica.EXPORTS, lambda: self._exported(request, kind))

    def _exported(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        self.require_view(request)
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list would refuse these parameters, too
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        rows = (cells for batch in batches(self.export_queryset(found)) for cells in self.export_rows(batch))
        is_csv = kind == "csv"
        lines = csv_lines(self._columns().values(), rows) if is_csv else json_lines(self._columns(), rows)
        name = f"{str(self.opts.verbose_name_plural).replace(' ', '-')}-{timezone.now():%Y-%m-%d}"
        return download(lines, name=name, kind=kind)


def _plain(value: object) -> str:
    """Text as is; for markup made by a display method, its visible text."""
    return unescape(strip_tags(str(value))) if hasattr(value, "__html__") else str(value)
