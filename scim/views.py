"""The endpoints, on django-scim2's base views: its `dispatch` authenticates, ours translates errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response
from django.views import View
from django_scim import views as stock
from django_scim.constants import SCIM_CONTENT_TYPE
from django_scim.utils import get_service_provider_config_model

from identity.core.actors import Provisioner
from identity.core.errors import NotFound, TurnedAwayError
from identity.core.ways import Way
from identity.db import replica
from identity.models import SSOGroup, SSOUser
from scim import attempts, config
from scim.adapters.base import scim_id
from scim.adapters.groups import Related, SCIMGroup
from scim.adapters.users import SCIMUser, memberships_of
from scim.queries import listing, projection
from scim.queries.equality import LookUps
from scim.queries.projection import Projection
from scim.queries.registry import GROUPS, USERS, Registry
from scim.wire import asked, bodies
from scim.wire.errors import HANDLED, Problem, RequestRefused, problem_of
from scim.wire.versions import is_unchanged
from scim.wire.words import Wire

Document = dict[str, Any]

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Translated(View):
    """Runs the handler; any of `HANDLED` it raises becomes a SCIM error, and a refused write a log row."""

    resource_name: ClassVar[str] = ""
    reads: ClassVar[frozenset[str]] = frozenset({"GET", "HEAD"})  # methods that change nothing

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        way, is_read = request.actor.way, request.method in self.reads  # type: ignore[attr-defined]
        if way.is_shut and not is_read:
            self._answered(request, *args, **kwargs)  # only what it wants is kept: nothing else is told of it
        if way is Way.SCIM_OFF or (way.is_shut and not is_read):
            response: HttpResponseBase = problem_of(TurnedAwayError(way)).to_response()
        else:
            response = self._answered(request, *args, **kwargs)
            attempts.note_unknown(request.actor)  # type: ignore[attr-defined]
        patch_vary_headers(response, ["Authorization"])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _answered(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._note_asked(request)
        try:
            with replica.reading(replica.SCIM) if request.method in self.reads else nullcontext():
                return attempts.run(lambda: View.dispatch(self, request, *args, **kwargs))
        except HANDLED as error:
            return self._refused(request, error)

    def _note_asked(self, request: Any) -> None:
        if request.method in _WRITES - self.reads:
            request.actor = replace(request.actor, asked=asked.without_body(request))

    def _written(self, request: Any) -> Document:
        """The body of a write, which the log keeps."""
        body = bodies.read(request)
        asked.with_body(request.actor.asked, body, self.resource_name)
        return body

    def _refused(self, request: Any, error: Exception) -> HttpResponse:
        if request.method not in _WRITES:
            return problem_of(error).to_response()
        where = self.kwargs.get("uuid") or ""
        return attempts.refused(error, actor=request.actor, resource=(self.resource_name, where)).to_response()

    def allowed(self) -> list[str]:
        """The methods of this URL, for the Allow header."""
        return [name.upper() for name in self.http_method_names if hasattr(self, name)]

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = Problem(405, f"{request.method} is not supported here.").to_response()
        response["Allow"] = ", ".join(self.allowed())
        return response


class Endpoint(stock.SCIMView, Translated):
    """django-scim2's base view (CSRF exemption, token check) around translated handlers."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]


def answer(document: Document, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(document), content_type=SCIM_CONTENT_TYPE, status=status)


def empty(status: int) -> HttpResponse:
    """A response without a body has no content type either."""
    response = HttpResponse(status=status)
    del response["Content-Type"]
    return response


class ResourceEndpoint(Endpoint):
    """What /Users and /Groups share. `registry` knows the attributes.

    Model, adapter and filters come from django-scim2's settings (SCIM_SERVICE_PROVIDER): `model_cls`,
    `scim_adapter` and `parser_getter`.
    """

    registry: ClassVar[Registry]
    resource_name: ClassVar[str]
    look_ups: ClassVar[LookUps]
    parser_getter: Any  # returns the filter class

    def allowed(self) -> list[str]:
        single = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]
        return single if self.kwargs.get("uuid") else ["GET", "HEAD", "POST"]

    def get(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        if uuid is None:
            return self._list(request)
        wanted = projection.read(listing.query_parameters(request), self.registry.resource)
        adapter = self.scim_adapter(self._row(uuid), request)
        if is_unchanged(request, adapter.obj.version):
            response = empty(304)
            response["ETag"] = adapter.etag
            return response
        return self._one(adapter, wanted)

    def _row(self, uuid: str) -> Any:
        wanted = scim_id(uuid, self.resource_name)
        row = self.look_ups.by_id(wanted, provider=self.actor.identity_provider_id)
        if row is None:
            raise NotFound(Wire.NOT_FOUND(resource=self.resource_name, id=wanted))
        return row

    def post(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        if uuid is not None:
            return self.http_method_not_allowed(request)
        wanted = projection.read(listing.query_parameters(request), self.registry.resource)
        adapter = self.scim_adapter(self.model_cls(), request)
        adapter.from_dict(self._written(request))
        adapter.create()
        return self._one(adapter, wanted, status=201)

    def put(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        return self._change(request, uuid, lambda adapter, body: adapter.from_dict(body))

    def patch(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        return self._change(request, uuid, lambda adapter, body: adapter.handle_operations(body))

    def delete(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        if uuid is None:
            return self.http_method_not_allowed(request)
        adapter = self._addressed(request, uuid)
        adapter.delete()
        return empty(204)

    @property
    def actor(self) -> Provisioner:
        return self.request.actor  # type: ignore[attr-defined, no-any-return]

    def documents(self, found: list[Any], wanted: Projection) -> list[Document]:
        raise NotImplementedError

    def document(self, adapter: Any, wanted: Projection) -> Document:
        raise NotImplementedError

    def _list(self, request: HttpRequest) -> HttpResponse:
        return answer(self.found(listing.query_parameters(request)))

    def found(self, parameters: Document) -> Document:
        """The ListResponse to a list or search request."""
        rows = self.look_ups.find(parameters, provider=self.actor.identity_provider_id)
        if rows is not None:
            return listing.whole(rows, parameters, self)
        return listing.answer(self.search(parameters), parameters, self)

    def search(self, parameters: Document) -> Any:
        """The rows that a filter selects, or all of this IdP's without one."""
        expression = listing.filter_of(parameters)
        if not expression:
            return self.listed(self.model_cls.objects.of(self.actor.identity_provider_id))
        return self.listed(type(self).parser_getter().search(expression, self.request))

    def listed(self, rows: Any) -> Any:
        return rows

    def _change(self, request: HttpRequest, uuid: str | None, read: Callable[[Any, Document], None]) -> HttpResponse:
        if uuid is None:
            return self.http_method_not_allowed(request)
        wanted = projection.read(listing.query_parameters(request), self.registry.resource)
        adapter = self._addressed(request, uuid)
        read(adapter, self._written(request))
        adapter.status = self._status(wanted)
        adapter.save()
        return self._changed(adapter, wanted)

    def _status(self, wanted: Projection) -> int:
        return 200

    def _changed(self, adapter: Any, wanted: Projection) -> HttpResponse:
        return self._one(adapter, wanted)

    def _addressed(self, request: HttpRequest, uuid: str) -> Any:
        return self.scim_adapter(self.model_cls(scim_id=scim_id(uuid, self.resource_name)), request)

    def _one(self, adapter: Any, wanted: Projection, status: int = 200) -> HttpResponse:
        response = answer(wanted(self.document(adapter, wanted)), status)
        response["ETag"] = adapter.etag
        response["Location"] = adapter.location
        return response


class UsersView(ResourceEndpoint, stock.UsersView):
    """/Users (RFC 7644 sections 3.3 to 3.6)."""

    registry = USERS
    resource_name = "User"
    look_ups = LookUps(SSOUser.objects.select_related("user"), USERS)

    def listed(self, rows: Any) -> Any:
        return rows.select_related("user")

    def document(self, adapter: SCIMUser, wanted: Projection) -> Document:
        if not wanted.wants("groups"):
            adapter.groups = []
        return adapter.to_dict()

    def documents(self, found: list[Any], wanted: Projection) -> list[Document]:
        groups = memberships_of(found) if found and wanted.wants("groups") else {}
        documents = []
        for row in found:
            adapter = self.scim_adapter(row, self.request)
            adapter.groups = groups.get(row.pk, [])
            documents.append(adapter.to_dict())
        return documents


class GroupsView(ResourceEndpoint, stock.GroupsView):
    """/Groups. A PATCH answers 204 unless attributes are requested: its cost depends on the change, not the group."""

    registry = GROUPS
    resource_name = "Group"
    look_ups = LookUps(SSOGroup.objects, GROUPS)

    def document(self, adapter: SCIMGroup, wanted: Projection) -> Document:
        return adapter.to_dict(wanted)

    def documents(self, found: list[Any], wanted: Projection) -> list[Document]:
        related = Related(found, wanted)
        return [related.document(self.scim_adapter(row, self.request)) for row in found]

    def _status(self, wanted: Projection) -> int:
        return 200 if self.request.method == "PUT" or wanted.is_named else 204

    def _changed(self, adapter: SCIMGroup, wanted: Projection) -> HttpResponse:
        if self._status(wanted) == 200:
            return self._one(adapter, wanted)
        response = empty(204)
        response["ETag"] = adapter.etag
        response["Location"] = adapter.location
        return response


class SearchMixin:
    """POST /Users/.search and /Groups/.search (RFC 7644 section 3.4.3)."""

    reads = frozenset({"POST"})

    def allowed(self) -> list[str]:
        return ["POST"]

    def post(self: Any, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        return answer(self.found(listing.search_parameters(request)))


class UsersSearchView(SearchMixin, UsersView):
    """/Users/.search"""

    http_method_names = ["post"]


class GroupsSearchView(SearchMixin, GroupsView):
    """/Groups/.search"""

    http_method_names = ["post"]


class DiscoveryEndpoint(Endpoint):
    """Documents that describe the service: GET only; a filter is refused (RFC 7644 section 4)."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, uuid: str | None = None) -> HttpResponse:
        if listing.query_parameters(request).get("filter"):
            raise RequestRefused(Problem(403, "Discovery documents can't be filtered."))
        return answer(self.one(uuid) if uuid else self.all())

    def documents(self) -> dict[str, Document]:
        raise NotImplementedError

    def all(self) -> Document:
        found = list(self.documents().values())
        return {
            "schemas": [listing.LIST_RESPONSE],
            "totalResults": len(found),
            "startIndex": 1,
            "itemsPerPage": len(found),
            "Resources": found,
        }

    def one(self, name: str) -> Document:
        for key, document in self.documents().items():
            if key.lower() == name.lower():
                return document
        raise NotFound(Wire.NO_DISCOVERY_DOCUMENT())


class ServiceProviderConfigView(DiscoveryEndpoint):
    def all(self) -> Document:
        described: Document = get_service_provider_config_model()(self.request).to_dict()
        return described


class ResourceTypesView(DiscoveryEndpoint):
    def documents(self) -> dict[str, Document]:
        return config.resource_types()


class SchemasView(DiscoveryEndpoint):
    def documents(self) -> dict[str, Document]:
        return config.schemas()


class UnsupportedView(Endpoint):
    """/Me and other unsupported endpoints: 501 (RFC 7644 section 3.11)."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = Problem(501, "This portal does not offer this endpoint.").to_response()
        log_response("Not offered", response=response, request=request, level="debug")  # a 5xx would be an error
        return response

    get = post = put = patch = delete = http_method_not_allowed


class UnknownView(Endpoint):
    """Any other path: 404 in SCIM (SR-33)."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return Problem(404, "There is no SCIM endpoint at this address.").to_response()

    get = post = put = patch = delete = http_method_not_allowed
