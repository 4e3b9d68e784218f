"""Lists as files: CSV for spreadsheets, JSON lines for programs; streamed row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.http import StreamingHttpResponse

from identity.db import replica
from identity.models import User

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet reads as a formula (SR-28, ASVS 1.2.10)."""
    text = _text(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


class _Echo:
    """A file that returns what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of a CSV file, one at a time."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([csv_cell(value) for value in row])


def json_lines(names: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """One JSON object per line (https://jsonlines.org): numbers and objects as they are, times as ISO 8601."""
    names = tuple(names)
    for row in rows:
        values = {name: _json_value(value) for name, value in zip(names, row, strict=True)}
        yield f"{json.dumps(values, ensure_ascii=False)}\n"


USER_COLUMNS = (
    "username", "email", "first_name", "last_name", "status", "role", "managed_by", "last_active", "groups",
)  # fmt: skip


def user_cells(user: User) -> tuple[object, ...]:
    """A user as USER_COLUMNS; `portal_groups` and `managed_by` should be prefetched."""
    return (
        user.username,
        user.email or "",
        user.first_name,
        user.last_name,
        user.status,
        user.role,
        user.managed_by or "",
        user.last_active.isoformat() if user.last_active else "",
        "; ".join(str(group) for group in user.portal_groups.all()),
    )


def download(lines: Iterable[str], *, name: str, kind: str) -> StreamingHttpResponse:
    """The response that a browser saves as `name`.`kind` (csv or jsonl)."""
    return StreamingHttpResponse(
        replica.kept_for(lines),
        content_type=CONTENT_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"},
    )


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _json_value(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, dict, list)) else _text(value)
