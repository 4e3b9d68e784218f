"""Pages by cursor, which names the row to continue after: no page is slower than another, or repeats a row."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError as FieldError
from django.db.models import DateTimeField, Field, Model
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from identity.db.keyset import Keyset, Place

LIMIT, MOST = 50, 200
PARAMETERS = frozenset({"limit", "ordering", "cursor"})


@dataclass(frozen=True, slots=True)
class Ordering:
    """By one indexed column, then by id; `name` as in the request, `-` for descending."""

    name: str
    keyset: Keyset
    field: Field[Any, Any]

    def cursor(self, row: Model) -> str:
        value, _ = self.keyset.place(row)
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        return urlsafe_b64encode(json.dumps([self.name, text, row.pk]).encode()).decode().rstrip("=")


class CursorPages(BasePagination):
    """`limit`, `cursor` and `ordering`, which must be one of the view's `orderings` (SR-26)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.limit = _limit(request)
        self.ordering = ordering_of(request, view, queryset.model)
        cursor = request.query_params.get("cursor")
        after = _read(cursor, self.ordering) if cursor else None
        self.rows, self.has_next = self.ordering.keyset.page(queryset, self.limit, after)
        return self.rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next()})

    def _next(self) -> str | None:
        """From PUBLIC_URL, not from the request's host (SR-31)."""
        if not self.has_next:
            return None
        query = {**self.request.query_params.dict(), "cursor": self.ordering.cursor(self.rows[-1])}
        return f"{settings.PUBLIC_URL}{self.request.path}?{urlencode(query)}"

    # --- for the OpenAPI document ---

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "Where the next page is; null on the last.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [signed for name in view.orderings for signed in (name, f"-{name}")]
        return [
            _parameter("limit", "How many at most.", type="integer", minimum=1, maximum=MOST, default=LIMIT),
            _parameter("cursor", "From `next` of the page before; meant to be opaque.", type="string"),
            _parameter("ordering", "In which order.", type="string", enum=names, default=view.default_ordering),
        ]


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit", str(LIMIT))
    if not (asked.isascii() and asked.isdigit() and len(asked) < 7 and 1 <= int(asked) <= MOST):
        raise ValidationError({"limit": f"must be a number from 1 to {MOST}."})
    return int(asked)


def ordering_of(request: Request, view: Any, model: type[Model]) -> Ordering:
    """The requested ordering, else the view's default. Raises ValidationError for one not allowed."""
    name = request.query_params.get("ordering", view.default_ordering)
    column = view.orderings.get(name.removeprefix("-"))
    if column is None:
        allowed = ", ".join(view.orderings)
        raise ValidationError({"ordering": f"must be one of {allowed}, with a minus in front for descending."})
    return Ordering(name, Keyset(column, descends=name.startswith("-")), _field(model, column))


def _field(model: Any, column: str) -> Field[Any, Any]:
    *relations, name = column.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    return model._meta.pk if name == "pk" else model._meta.get_field(name)  # type: ignore[no-any-return]


def _read(cursor: str, ordering: Ordering) -> Place:
    """The value and id in a cursor; 400 for one that is damaged or belongs to another ordering."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, text, pk = json.loads(urlsafe_b64decode(padded.encode("ascii")))
        if name != ordering.name or not isinstance(text, str) or "\0" in text or type(pk) is not int:
            raise ValueError(cursor)
        return _value(text, ordering.field), pk
    except (ValueError, TypeError, OverflowError, RecursionError, FieldError) as error:
        raise ValidationError({"cursor": "is not one that this list has given out."}) from error


def _value(text: str, field: Field[Any, Any]) -> Any:
    """The value that `Ordering.cursor` wrote, as the database expects it."""
    if isinstance(field, DateTimeField):
        return datetime.fromisoformat(text).astimezone(UTC)
    text.encode()  # no lone surrogates
    return field.to_python(text)
