"""The base of every resource of the API: who may read it, how it is found, shown, and changed."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from django.db.models import Model
from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from identity import policy
from identity.core.actors import Person
from identity.core.decisions import Action, Decision, Mode
from identity.core.errors import NotFound
from identity.db import replica
from identity.db.keyset import batches
from identity.db.locks import lock
from identity.safeguards.asked import About, Situation
from portal.api.authentication import BearerToken, Credentials, Session
from portal.api.fields import LARGEST_KEY
from portal.api.files import CSV, cell, check_no_page, wants_file
from portal.api.idempotency import once
from portal.api.json_bodies import JSON, StrictJSON, of_django
from portal.api.operations import operation_of
from portal.api.paging import PARAMETERS, CursorPages, ordering_of
from portal.api.permissions import Fresh, InScope, MayRead
from portal.api.preconditions import etag_of, is_known, only_if_unchanged
from portal.api.problems import handle
from portal.api.schema import Document
from portal.exchange.csv_out import csv_lines, download
from portal.project.bodies import from_callers, is_in_chunks, take_chunks
from portal.project.replicas import read_by

FIELDS = "fields"
NO_STORE = {"Cache-Control": "no-store"}  # for a response with a secret in it


class Resources(GenericViewSet):
    """A resource: subclasses set its rows and serializers, and write `list`, `retrieve` and its write handlers.

    `seen_by`: the area that it belongs to (none: everyone who is signed in may see it). `orderings`: the
    allowed orderings of a list, each served by an index. `fresh`: actions that need a fresh sign-in.
    """

    tag: ClassVar[str]
    seen_by: ClassVar[Action | None] = Action.VIEW_DIRECTORY
    scope: ClassVar[str] = ""
    area: ClassVar[str] = replica.LISTS  # of what its list reads
    orderings: ClassVar[dict[str, str]] = {"id": "pk"}
    default_ordering: ClassVar[str] = "id"
    fresh: ClassVar[frozenset[str]] = frozenset()
    list_serializer_class: ClassVar[Any] = None  # if lists show less than the resource itself
    never_in_files: ClassVar[frozenset[str]] = frozenset()  # personal values: they can be erased here, not there

    authentication_classes = (BearerToken, Session)
    permission_classes = (IsAuthenticated, InScope, MayRead)
    parser_classes = (StrictJSON,)
    renderer_classes = (JSON,)
    filter_backends: Any = (DjangoFilterBackend,)
    pagination_class: Any = CursorPages
    lookup_value_converter = "int"
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # the document replaces OPTIONS
    schema = Document()

    # --- before the handler runs ---

    def get_renderers(self) -> list[Any]:
        """JSON; for lists CSV as well."""
        declared = operation_of(self)
        return [JSON(), CSV()] if declared and declared.is_list else [JSON()]

    def get_exception_handler(self) -> Any:
        return handle

    def get_permissions(self) -> list[Any]:
        permissions = list(super().get_permissions())
        return [*permissions, Fresh()] if self.action in self.fresh else permissions

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if is_in_chunks(of_django(request)):
            take_chunks(of_django(request), from_callers())
        self._check_parameters()
        if request.method in SAFE_METHODS or operation_of(self) is None:
            return
        name = str(request.method).lower()
        handler = only_if_unchanged(self, getattr(self, name))
        shape = operation_of(self).answer  # type: ignore[union-attr]
        setattr(self, name, once(handler, request, shape) if request.method == "POST" else handler)

    def _check_parameters(self) -> None:
        """Unknown or empty parameters are refused, not ignored (SR-25, SR-26)."""
        asked = self.request.query_params
        if unknown := sorted(set(asked) - self._known_parameters()):
            raise ValidationError(dict.fromkeys(unknown, "is no parameter of this address."))
        if empty := sorted(name for name, value in asked.items() if not value):
            raise ValidationError(dict.fromkeys(empty, "is empty."))
        names = _names(operation_of(self).answer) if self.wanted else []  # type: ignore[union-attr]
        if unknown := sorted(self.wanted.difference(names)):
            raise ValidationError({FIELDS: f"knows no {', '.join(unknown)}; there are {', '.join(names)}."})

    def _known_parameters(self) -> set[str]:
        declared = operation_of(self)
        if declared is None:
            return set()
        known = set(_names(declared.query))
        if self.request.method in SAFE_METHODS and declared.answer:
            known.add(FIELDS)
        return known | PARAMETERS | set(_filters(self)) if declared.is_list else known

    @cached_property
    def actor(self) -> Person:
        """The user and the token; one object per request, so that its events share a request id."""
        auth = self.request.auth
        label = auth.token.hint if isinstance(auth, Credentials) else ""
        return Person(self.request.user, token_label=label)  # type: ignore[arg-type]

    @cached_property
    def situation(self) -> Situation:
        """What decisions depend on, read once, for display. Services read it again when they write."""
        return Situation()

    @property
    def mode(self) -> Mode:
        return self.situation.mode

    def decide(self, action: Action, **about: Unpack[About]) -> Decision:
        return policy.decide(action, actor=self.actor, now=self.situation, **about)

    @cached_property
    def said(self) -> dict[str, Any]:
        """The body, validated against the operation's declaration."""
        return self._checked(operation_of(self).body, self.request.data)  # type: ignore[union-attr]

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The URL's parameters, validated likewise."""
        shape = operation_of(self).query  # type: ignore[union-attr]
        query = {name: value for name, value in self.request.query_params.items() if name in _names(shape)}
        return self._checked(shape, query, in_address=True)

    def _checked(self, shape: Any, data: Any, **context: Any) -> dict[str, Any]:
        serializer = shape(data=data, context=context)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @cached_property
    def wanted(self) -> set[str]:
        """The names in `fields`, empty for all."""
        asked = self.request.query_params.get(FIELDS)
        return set(asked.split(",")) if asked else set()

    def get_object(self) -> Any:
        """The row in the URL."""
        key = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        row = self.get_queryset().filter(**{self.lookup_field: key}).first() if key <= LARGEST_KEY else None
        if row is None:
            raise NotFound("There is no such row, or none any more.")
        return row

    def hold(self, row: Any) -> None:
        """Lock the row until the transaction ends, in the services' lock order (`services.locks`)."""
        lock(type(row), row.pk)

    # --- what is answered ---

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "view": self}

    def represent(self, row: Any) -> dict[str, Any]:
        """The resource as `retrieve` shows it."""
        return dict(self.get_serializer(row).data)

    def answer(self, row: Model, status: int = status.HTTP_200_OK) -> Response:
        """The resource's current representation."""
        return self.show(self.represent(row), status)

    def show(self, data: dict[str, Any], status: int = status.HTTP_200_OK) -> Response:
        """A representation with its ETag; 304 if the caller has it."""
        etag = etag_of(data)
        if self.request.method in SAFE_METHODS and is_known(self.request, etag):
            return Response(status=304, headers={"ETag": etag})
        return Response(self.only_fields(data), status=status, headers={"ETag": etag})

    def answer_anew(self, row: Model, status: int = status.HTTP_200_OK) -> Response:
        """The same, for a row that a service has changed: reread with everything shown of it."""
        return self.answer(self.get_queryset().get(pk=row.pk), status)

    def page(self) -> HttpResponseBase:
        """A page of the list, filtered and ordered as requested; all of it as CSV if requested."""
        if wants_file(self.request):
            return read_by(of_django(self.request), replica.EXPORTS, self._file)
        return read_by(of_django(self.request), self.area, self._page)

    def _page(self) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([self.only_fields(row) for row in self._listed(rows or [])])

    def _listed(self, rows: list[Any]) -> Any:
        """Each row as a list shows it."""
        shape = self.list_serializer_class or self.get_serializer_class()
        return shape(self.prepared(rows), many=True, context=self.get_serializer_context()).data

    def _file(self) -> HttpResponseBase:
        check_no_page(self.request)
        rows = self.filter_queryset(self.get_queryset())
        ordering = ordering_of(self.request, self, rows.model)
        names = [name for name in _names(operation_of(self).answer) if self._is_in_file(name)]  # type: ignore[union-attr]
        cells = (
            [cell(data[name]) for name in names]
            for batch in batches(rows, ordering.keyset)
            for data in self._listed(batch)
        )
        return download(csv_lines(names, cells), name=f"{self.tag.lower().replace(' ', '-')}", kind="csv")

    def _is_in_file(self, name: str) -> bool:
        return name not in self.never_in_files and (not self.wanted or name in self.wanted)

    def prepared(self, rows: list[Any]) -> list[Any]:
        """A page's rows before they are shown; for data that needs one statement for all of them."""
        return rows

    def only_fields(self, data: Any) -> Any:
        """The requested `fields` of a resource, or of each row of a list."""
        return {name: data[name] for name in data if name in self.wanted} if self.wanted else data

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Rate limit headers (draft-ietf-httpapi-ratelimit-headers); caches must revalidate unless told otherwise."""
        found = super().finalize_response(request, response, *args, **kwargs)
        auth = getattr(request, "_auth", None)
        if isinstance(auth, Credentials):
            found["RateLimit-Policy"] = f'"token";q={auth.use.limit};w=60'
            found["RateLimit"] = f'"token";r={auth.use.remaining};t={auth.use.seconds_left}'
        found.headers.setdefault("Cache-Control", "private, no-cache")
        return found


class Singleton(Resources):
    """A resource with a single instance: no id in its URL, and no list."""

    filter_backends = ()
    pagination_class = None


def _names(shape: Any) -> list[str]:
    return list(shape().fields) if shape else []


def _filters(view: Resources) -> list[str]:
    filterset = getattr(view, "filterset_class", None)
    return list(filterset.base_filters) if filterset else []
