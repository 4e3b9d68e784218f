"""Lists and searches: filter, order, page and project (RFC 7644 section 3.4.2, RFC 9865)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django.core.exceptions import TooManyFieldsSent
from django.db.models import QuerySet
from django.http import HttpRequest

from identity.core.actors import Provisioner
from scim.queries import cursors, projection
from scim.queries.projection import Projection
from scim.queries.registry import Registry
from scim.queries.sorting import Order, order_of
from scim.wire import bare_words, bodies, limits
from scim.wire.errors import refuse
from scim.wire.words import Wire

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

_PARAMETERS = (
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
    "attributes",
    "excludedAttributes",
)
_NAMES = {name.lower(): name for name in _PARAMETERS}


@dataclass(frozen=True, slots=True)
class Page:
    """The requested part of a result: `start` is 1-based, `count` is limited to the maximum."""

    start: int
    count: int


def query_parameters(request: HttpRequest) -> dict[str, Any]:
    """The query string's parameters, names compared without case. Raises 400 for a repeated one."""
    try:
        given = request.GET
    except TooManyFieldsSent as error:
        raise refuse("invalidSyntax", Wire.TOO_MANY_PARAMETERS()) from error
    _require_once(name for name, values in given.lists() for _ in values)
    return _known(given.dict())


def _require_once(names: Iterable[str]) -> None:
    """One of two filters would be ignored silently, giving a wider answer than requested."""
    counted = Counter(known for name in names if (known := _NAMES.get(name.lower())))
    for name, number in counted.items():
        if number > 1:
            raise refuse("invalidFilter" if name == "filter" else "invalidValue", Wire.PARAMETER_TWICE(name=name))


def search_parameters(request: HttpRequest) -> dict[str, Any]:
    """The members of a SearchRequest body (RFC 7644 section 3.4.3)."""
    body = bodies.read(request)
    bodies.require_schema(body, SEARCH_REQUEST)
    return _known(body)


def _known(given: dict[str, Any]) -> dict[str, Any]:
    bodies.check_text(given)
    return {_NAMES[name.lower()]: value for name, value in given.items() if name.lower() in _NAMES}


def text_of(parameters: dict[str, Any], name: str) -> str | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, str):
        raise refuse("invalidValue", Wire.NOT_A_STRING(where=name))
    return value


def filter_of(parameters: dict[str, Any]) -> str | None:
    """The filter, with bare words read as strings."""
    expression = text_of(parameters, "filter")
    return bare_words.quoted(expression) if expression else expression


def page_of(parameters: dict[str, Any]) -> Page:
    """Below 1 means 1, a negative count means 0, and no page exceeds the published maximum."""
    start = _number(parameters, "startIndex", 1)
    count = _number(parameters, "count", limits.PAGE_DEFAULT)
    return Page(max(1, start), min(max(0, count), limits.PAGE_MAXIMUM))


def _number(parameters: dict[str, Any], name: str, default: int, *, scim_type: str = "invalidValue") -> int:
    value = parameters.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, (int, str)) or len(str(value)) > 18:
        raise refuse(scim_type, Wire.NOT_AN_INTEGER(where=name))
    try:
        return int(value)
    except ValueError as error:
        raise refuse(scim_type, Wire.NOT_AN_INTEGER(where=name)) from error


class Door(Protocol):
    """What is listed, and for which caller."""

    registry: ClassVar[Registry]
    resource_name: ClassVar[str]

    @property
    def actor(self) -> Provisioner: ...

    def documents(self, found: list[Any], wanted: Projection) -> list[dict[str, Any]]:
        """The rows as SCIM documents, in their order."""


def answer(rows: QuerySet[Any], parameters: dict[str, Any], door: Door) -> dict[str, Any]:
    """The ListResponse for these rows; `door` documents a page of them.

    Paged by cursor if the client sends the parameter `cursor` (an empty one first), else by index.
    """
    order = order_of(text_of(parameters, "sortBy"), text_of(parameters, "sortOrder"), door.registry)
    page_by = _page_by_cursor if parameters.get("cursor") is not None else _page_by_index
    found, head = page_by(order.apply(rows), parameters, order, door)
    return _response(found, head, parameters, door)


def whole(found: list[Any], parameters: dict[str, Any], door: Door) -> dict[str, Any]:
    """The ListResponse if these are all rows."""
    return _response(found, {"totalResults": len(found), "startIndex": 1}, parameters, door)


def _response(found: list[Any], head: dict[str, Any], parameters: dict[str, Any], door: Door) -> dict[str, Any]:
    wanted = projection.read(parameters, door.registry.resource)
    resources = [wanted(document) for document in door.documents(found, wanted)]
    return {"schemas": [LIST_RESPONSE], **head, "itemsPerPage": len(found), "Resources": resources}


Found = tuple[list[Any], dict[str, Any]]


def _page_by_index(rows: QuerySet[Any], parameters: dict[str, Any], order: Order, door: Door) -> Found:
    page = page_of(parameters)
    found = list(rows[page.start - 1 : page.start - 1 + page.count]) if page.count else []
    return found, {"totalResults": _total(rows, page, found), "startIndex": page.start}


def _total(rows: QuerySet[Any], page: Page, found: list[Any]) -> int:
    """A page that is not full reveals the total; only full ones need a count."""
    if 0 < len(found) < page.count or (page.start == 1 and page.count and not found):
        return page.start - 1 + len(found)
    return rows.order_by().count()


def _page_by_cursor(rows: QuerySet[Any], parameters: dict[str, Any], order: Order, door: Door) -> Found:
    """RFC 9865; without totalResults, since counting grows with the directory (section 2).

    A request for no resources asks for the total only (RFC 7644 section 3.4.2.4).
    """
    cursor, count = text_of(parameters, "cursor") or "", _cursor_count(parameters)
    query = cursors.fingerprint(
        door.actor.identity_provider_id,
        door.resource_name,
        *(parameters.get(name) for name in ("filter", "sortBy", "sortOrder")),
    )
    if not count:
        return [], {"totalResults": rows.order_by().count()}
    found, last = order.page(rows, count, cursors.read(cursor, query) if cursor else None)
    return found, {"nextCursor": cursors.write(last, query)} if last else {}


def _cursor_count(parameters: dict[str, Any]) -> int:
    """As with startIndex, a negative count is 0."""
    if parameters.get("startIndex") not in (None, ""):
        raise refuse("invalidCursor", Wire.CURSOR_AND_INDEX())
    count = _number(parameters, "count", limits.PAGE_DEFAULT, scim_type="invalidCount")
    return min(max(0, count), limits.PAGE_MAXIMUM)
