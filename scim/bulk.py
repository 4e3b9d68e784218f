"""/Bulk (RFC 7644 section 3.7): many operations in one request, each its own transaction with its own status.

An operation may refer to a resource that another one creates as `bulkId:NAME`, in its data or its path. It then
runs after that one, whatever their order; circular references can't be resolved and are answered 409.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from django.http import HttpResponse

from identity.core.actors import Provisioner
from identity.core.asked import KeptRequest
from identity.core.errors import TurnedAwayError
from scim import attempts
from scim.adapters.base import scim_id
from scim.views import Endpoint, GroupsView, ResourceEndpoint, UsersView, answer
from scim.wire import asked, bodies, dialects, limits
from scim.wire.addresses import location
from scim.wire.errors import HANDLED, Problem, RequestRefused, refuse
from scim.wire.words import Wire

Document = dict[str, Any]

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

_RESOURCES: dict[str, ResourceEndpoint] = {"users": UsersView(), "groups": GroupsView()}
_PATH = re.compile(r"/?(Users|Groups)(?:/([^/]+))?/?", re.IGNORECASE)
_REFERENCE = re.compile(r"bulkId:(.+)", re.IGNORECASE)


class BulkView(Endpoint):
    """POST only."""

    http_method_names = ["post"]
    resource_name = "Bulk"

    def post(self, request: Any) -> HttpResponse:
        job = BulkRequest.read(bodies.read(request), request.actor)
        return answer({"schemas": [BULK_RESPONSE], "Operations": job.run()})


@dataclass(frozen=True, slots=True)
class Call:
    """The parts of a request an adapter needs: the caller, and the version that must still be current."""

    actor: Provisioner
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class BulkOperation:
    """One entry of a BulkRequest, and its result."""

    method: str
    path: str
    bulk_id: str
    data: Any
    version: str
    needs: set[str] = field(default_factory=set)
    result: Document | None = None

    @classmethod
    def read(cls, entry: Any) -> BulkOperation:
        if not isinstance(entry, dict):
            raise refuse("invalidSyntax", Wire.BULK_OPERATION_NOT_AN_OBJECT())
        given = {name: dialects.get(entry, name) for name in ("method", "path", "bulkId", "version")}
        if any(value is not None and not isinstance(value, str) for value in given.values()):
            raise refuse("invalidValue", Wire.BULK_OPERATION_STRINGS())
        texts = {name: value or "" for name, value in given.items()}
        data = dialects.get(entry, "data")
        operation = cls(texts["method"].upper(), texts["path"], texts["bulkId"], data, texts["version"])
        operation.needs = _references(operation.path.rpartition("/")[2]) | _references(data)
        return operation


@dataclass(slots=True)
class BulkRequest:
    """A BulkRequest while it runs."""

    operations: list[BulkOperation]
    fail_on_errors: int
    actor: Provisioner
    created: dict[str, str] = field(default_factory=dict)
    errors: int = 0

    @classmethod
    def read(cls, body: Document, actor: Provisioner) -> BulkRequest:
        """Raises 400 `invalidSyntax`, `invalidValue`, or 413 above the published maximum."""
        bodies.require_schema(body, BULK_REQUEST)
        entries = dialects.get(body, "Operations")
        if not isinstance(entries, list) or not entries:
            raise refuse("invalidSyntax", Wire.BULK_OPERATIONS_NOT_A_LIST())
        if len(entries) > limits.BULK_OPERATIONS:
            raise RequestRefused(Problem(413, Wire.BULK_TOO_MANY(most=limits.BULK_OPERATIONS), "tooMany"))
        operations = [BulkOperation.read(entry) for entry in entries]
        _require_unique_ids(operations)
        return cls(operations, _fail_on_errors(body), actor)

    def run(self) -> list[Document]:
        """The results in request order; operations after the last tolerated error have none."""
        waiting = list(self.operations)
        while waiting and not self._is_over():
            to_come = {operation.bulk_id for operation in waiting if operation.method == "POST"} - {""}
            ready = next((operation for operation in waiting if not operation.needs & to_come), None)
            if ready is None:
                self._give_up(waiting)
                break
            waiting.remove(ready)
            self._perform(ready)
        return [operation.result for operation in self.operations if operation.result is not None]

    def _is_over(self) -> bool:
        return 0 < self.fail_on_errors <= self.errors

    def _give_up(self, waiting: list[BulkOperation]) -> None:
        for operation in waiting:
            if self._is_over():
                return
            names = ", ".join(sorted(operation.needs))
            self._fail(operation, Problem(409, Wire.BULK_CIRCLE(names=names[:200])))

    def _perform(self, operation: BulkOperation) -> None:
        actor = replace(self.actor, method=operation.method or "BULK", asked=self._asked(operation))
        try:
            operation.result = attempts.run(lambda: self._execute(operation, actor))
        except HANDLED as error:
            view, uuid = _addressed(operation.path)
            where = (view.resource_name if view else "Bulk", uuid)
            self._fail(operation, attempts.refused(error, actor=actor, resource=where))
            if isinstance(error, TurnedAwayError) and operation.bulk_id:  # so that what refers to it is kept as well
                self.created[operation.bulk_id] = str(uuid4())

    def _asked(self, operation: BulkOperation) -> KeptRequest:
        """As if it had come alone."""
        single = KeptRequest(f"/{operation.path.strip('/')[:80]}", if_match=operation.version[:80])
        view, _ = _addressed(operation.path)
        if view is not None and isinstance(operation.data, dict):
            asked.with_body(single, operation.data, view.resource_name)
        if self.actor.asked is not None:
            self.actor.asked.unknown |= single.unknown
        return single

    def _fail(self, operation: BulkOperation, problem: Problem) -> None:
        self.errors += 1
        where = self._location(operation)
        operation.result = {**_named(operation), **where, "status": str(problem.status), "response": problem.to_dict()}

    def _location(self, operation: BulkOperation) -> Document:
        """The location of the resource on which an operation failed; a POST has none."""
        view, uuid = _addressed(operation.path)
        found = _REFERENCE.fullmatch(uuid)
        known = self.created.get(found[1]) if found else uuid
        if view is None or not known or operation.method == "POST":
            return {}
        return {"location": location(view.scim_adapter.endpoint, known)}

    def _execute(self, operation: BulkOperation, actor: Provisioner) -> Document:
        """Run one operation through the resource's adapter, as a single request would."""
        view, _ = _addressed(operation.path)
        uuid = self._resolved(operation.path.strip("/").partition("/")[2])
        if view is None:
            raise refuse("invalidValue", Wire.BULK_PATH(path=operation.path[:80]))
        call = Call(actor, {"If-Match": operation.version} if operation.version else {})
        match operation.method, bool(uuid):
            case "POST", False:
                return self._create(operation, view.scim_adapter(view.model_cls(), call))
            case "PUT" | "PATCH" | "DELETE", True:
                target = view.model_cls(scim_id=scim_id(uuid, view.resource_name))
                return self._change(operation, view.scim_adapter(target, call))
        raise refuse("invalidValue", Wire.BULK_METHOD(method=operation.method[:10], path=operation.path[:80]))

    def _create(self, operation: BulkOperation, adapter: Any) -> Document:
        if not operation.bulk_id:
            raise refuse("invalidValue", Wire.BULK_ID_NEEDED())
        adapter.from_dict(self._data(operation))
        adapter.create()
        self.created[operation.bulk_id] = adapter.id
        return _done(operation, adapter, 201)

    def _change(self, operation: BulkOperation, adapter: Any) -> Document:
        if operation.method == "DELETE":
            adapter.delete()
            return {**_named(operation), "location": adapter.location, "status": "204"}
        if operation.method == "PUT":
            adapter.from_dict(self._data(operation))
        else:
            adapter.handle_operations(self._data(operation))
        adapter.save()
        return _done(operation, adapter, 200)

    def _data(self, operation: BulkOperation) -> Document:
        if not isinstance(operation.data, dict):
            raise refuse("invalidSyntax", Wire.BULK_DATA_NOT_AN_OBJECT())
        data: Document = self._resolved(operation.data)
        return data

    def _resolved(self, value: Any) -> Any:
        """The value with every `bulkId:NAME` replaced by the id created under that name."""
        if isinstance(value, dict):
            return {name: self._resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        if found[1] not in self.created:
            raise refuse("invalidValue", Wire.BULK_ID_UNKNOWN(name=value[:80]))
        return self.created[found[1]]


def _references(value: Any) -> set[str]:
    """The names in all `bulkId:NAME` of a value."""
    if isinstance(value, dict):
        return set().union(*(_references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(item) for item in value))
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return {found[1]} if found else set()


def _addressed(path: str) -> tuple[ResourceEndpoint | None, str]:
    """The endpoint of a path, and the id in it."""
    found = _PATH.fullmatch(path)
    return (_RESOURCES[found[1].lower()], found[2] or "") if found else (None, "")


def _require_unique_ids(operations: list[BulkOperation]) -> None:
    names = [operation.bulk_id for operation in operations if operation.bulk_id]
    if len(names) != len(set(names)):
        raise refuse("invalidValue", Wire.BULK_ID_TWICE())


def _fail_on_errors(body: Document) -> int:
    value = dialects.get(body, "failOnErrors")
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise refuse("invalidValue", Wire.BULK_FAIL_ON_ERRORS())
    return value


def _named(operation: BulkOperation) -> Document:
    named = {"method": operation.method}
    return {**named, "bulkId": operation.bulk_id} if operation.bulk_id else named


def _done(operation: BulkOperation, adapter: Any, status: int) -> Document:
    return {**_named(operation), "location": adapter.location, "version": adapter.etag, "status": str(status)}
