"""A list as a file: all its rows under the same filters, as CSV, for requests that accept `text/csv`."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from portal.api.json_bodies import JSON

MEDIA_TYPE = "text/csv"
OF_PAGES = ("limit", "cursor")

# Which field of a reference is its name, as on the other doors.
_NAMES = ("username", "user_name", "display_name", "name")


class CSV(JSON):
    """The media type for an Accept header. The list writes its lines itself; a refusal is still JSON."""

    media_type = MEDIA_TYPE
    format = "csv"


def wants_file(request: Request) -> bool:
    return getattr(request.accepted_renderer, "media_type", "") == MEDIA_TYPE


def check_no_page(request: Request) -> None:
    """A file has all rows. Raises ValidationError for a paging parameter."""
    if asked := [name for name in OF_PAGES if name in request.query_params]:
        raise ValidationError(dict.fromkeys(asked, "is for pages: a file has all rows."))


def cell(value: Any) -> Any:
    """A value of a JSON response as a cell: a reference becomes its name, several become their names."""
    match value:
        case {"id": int()}:
            return next((value[name] for name in _NAMES if value.get(name)), value["id"])
        case [{"id": int()}, *_]:
            return ", ".join(str(cell(item)) for item in value)
        case [*items] if all(isinstance(item, str) for item in items):
            return ", ".join(items)
        case bool():
            return "true" if value else "false"
    return value
