"""Queries over both resource types at the root (RFC 7644 sections 3.4.2.1 and 3.4.3).

An attribute that only one type has counts as absent from the other. Both types are merged and ordered by the
database, a page of keys at a time.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Field, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from pydantic import ValidationError
from scim2_models import SearchRequest

from scim.queries import listing, projection
from scim.queries.filters import check_size, compile_known, why
from scim.queries.registry import GROUPS, USERS, Registry
from scim.queries.sorting import Order, order_of
from scim.views import Document, Endpoint, GroupsView, ResourceEndpoint, UsersView, answer
from scim.wire.errors import RequestRefused, refuse
from scim.wire.resources import GroupResource, UserResource, typed
from scim.wire.words import Wire

_VIEWS: tuple[type[ResourceEndpoint], ...] = (UsersView, GroupsView)


class RootView(Endpoint):
    """GET /?filter=…"""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return answer(_found(request, listing.query_parameters(request)))


class RootSearchView(Endpoint):
    """POST /.search"""

    http_method_names = ["post"]
    reads = frozenset({"POST"})

    def post(self, request: HttpRequest) -> HttpResponse:
        return answer(_found(request, listing.search_parameters(request)))


def _found(request: HttpRequest, parameters: Document) -> Document:
    if parameters.get("cursor") is not None:
        raise refuse("invalidCursor", Wire.CURSOR_AT_ROOT())
    page = listing.page_of(parameters)
    doors = [_door(view, request) for view in _VIEWS]
    keys = _merged(_keys(doors, parameters), parameters)
    total = keys.count()
    chosen = list(keys[page.start - 1 : page.start - 1 + page.count]) if page.count else []
    documents = _documents(doors, chosen, parameters)
    return {
        "schemas": [listing.LIST_RESPONSE],
        "totalResults": total,
        "startIndex": page.start,
        "itemsPerPage": len(chosen),
        "Resources": [documents[kind, pk] for kind, pk, _ in chosen],
    }


def _door(view: type[ResourceEndpoint], request: HttpRequest) -> ResourceEndpoint:
    door = view()
    door.setup(request)
    return door


def _keys(doors: list[ResourceEndpoint], parameters: Document) -> list[QuerySet[Any]]:
    """For each type the (kind, row key, sort value) of its matching rows."""
    sorted_by = [_order(door.registry, parameters).expression for door in doors]
    nothing = Value(None, output_field=_type_of(sorted_by, doors))
    keys = []
    for kind, door in enumerate(doors):
        rows = _matching(door, parameters).order_by()
        expression = nothing if sorted_by[kind] is None else sorted_by[kind]
        marked = rows.annotate(kind=Value(kind), key=F("pk"), sorted_by=expression)
        keys.append(marked.values_list("kind", "key", "sorted_by"))
    return keys


def _matching(door: ResourceEndpoint, parameters: Document) -> QuerySet[Any]:
    condition = _condition(door.registry, listing.filter_of(parameters))
    rows: QuerySet[Any] = door.model_cls.objects.of(door.actor.identity_provider_id).filter(condition)
    return rows


def _type_of(sorted_by: list[Any], doors: list[ResourceEndpoint]) -> Field[Any, Any]:
    """The sort type of the types that have the attribute: PostgreSQL merges equal types only."""
    for expression, door in zip(sorted_by, doors, strict=True):
        if expression is not None:
            annotated = door.model_cls.objects.annotate(sorted_by=expression)
            field: Field[Any, Any] = annotated.query.annotations["sorted_by"].output_field
            return field
    return CharField()


def _condition(registry: Registry, expression: str | None) -> Q:
    if not expression:
        return Q()
    check_size(expression)
    try:
        typed(SearchRequest, UserResource | GroupResource).model_validate({"filter": expression})
    except (ValidationError, RecursionError) as error:
        raise refuse("invalidFilter", why(error, expression)) from error
    return compile_known(expression, registry)


def _order(registry: Registry, parameters: Document) -> Order:
    """The order on one type; a type without the attribute has no values to sort by."""
    sort_by, sort_order = listing.text_of(parameters, "sortBy"), listing.text_of(parameters, "sortOrder")
    try:
        return order_of(sort_by, sort_order, registry)
    except RequestRefused:
        order_of(sort_by, sort_order, GROUPS if registry is USERS else USERS)
        return Order()


def _merged(parts: list[QuerySet[Any]], parameters: Document) -> QuerySet[Any]:
    merged = parts[0].union(*parts[1:], all=True)
    if not parameters.get("sortBy"):
        return merged.order_by("kind", "key")
    if str(parameters.get("sortOrder", "")).lower() == "descending":
        return merged.order_by(F("sorted_by").desc(nulls_first=True), "-kind", "-key")
    return merged.order_by(F("sorted_by").asc(nulls_last=True), "kind", "key")


def _documents(
    doors: list[ResourceEndpoint], chosen: list[Any], parameters: Document
) -> dict[tuple[int, int], Document]:
    documents = {}
    for kind, door in enumerate(doors):
        wanted = projection.read(parameters, door.registry.resource)
        pks = [pk for row_kind, pk, _ in chosen if row_kind == kind]
        rows = list(door.listed(door.model_cls.objects.filter(pk__in=pks))) if pks else []
        for row, document in zip(rows, door.documents(rows, wanted), strict=True):
            documents[kind, row.pk] = wanted(document)
    return documents
