"""The OpenAPI 3.1 document, generated from the operations' declarations."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.permissions import SAFE_METHODS

from portal.api.fields import LARGEST_KEY, Said
from portal.api.files import MEDIA_TYPE
from portal.api.operations import Operation, operation_of
from portal.api.permissions import scope_of
from portal.api.problems import CONTENT_TYPE

INPUT = "Input"

# Which problems an operation can return, beside those that every operation can.
EVERYWHERE = ("400", "401", "403", "406", "429", "503")
OF_ONE = ("404",)
OF_CHANGES = ("409", "412", "413", "415")
OF_POST = ("422",)

DESCRIPTIONS = {
    "400": "A value can't be taken; `errors` says which.",
    "401": "No token, or one that has ended.",
    "403": "The policy, a safeguard or the token's scope says no; `policy` names the cell and who can do it instead.",
    "404": "There is no such thing, or not any more.",
    "406": "Only JSON is spoken here, and CSV by lists.",
    "409": "Taken already, changed since the preview, or still being worked on.",
    "412": "If-Match named another version.",
    "413": "The body is too large.",
    "415": "Only JSON is understood here.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "The token has used up its minute.",
    "503": "The database does not answer.",
}


def undocumented() -> list[type]:
    """Classes whose docstring is for readers of the code, not a description of their subclasses."""
    return [*get_lib_doc_excludes(), Said]


class Document(AutoSchema):
    """drf-spectacular's, reading `Operation` instead of guessing."""

    view: Any

    @property
    def declared(self) -> Operation:
        return cast(Operation, operation_of(self.view))

    @property
    def reads(self) -> bool:
        return self.method in SAFE_METHODS

    def is_excluded(self) -> bool:
        return operation_of(self.view) is None

    def get_operation_id(self) -> str:
        return self.declared.id

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_summary(self) -> str:
        return self._docstring()[0]

    def get_description(self) -> str:  # type: ignore[override]
        """The rest of the docstring, and the scope that a token needs."""
        return f"{self._docstring()[1]}\n\nScope: `{scope_of(self.view, self.method)}`.".strip()

    def _docstring(self) -> tuple[str, str]:
        summary, _, rest = super().get_description().partition("\n")
        return summary, rest.strip()

    def get_request_serializer(self) -> Any:
        return self.declared.body

    def get_response_serializers(self) -> Any:
        declared = self.declared
        answer: Any = declared.answer
        if declared.is_list:
            return {(declared.status, "application/json"): answer(many=True), (declared.status, MEDIA_TYPE): _LINES}
        found = {declared.status: answer}
        return found | {304: None} if self.view.action == "retrieve" else found

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = [self.declared.query] if self.declared.query else []
        if self.reads and self.declared.answer:
            parameters.append(_fields_parameter(self.declared.answer))
        if self.method == "POST":
            parameters.append(_IDEMPOTENCY_KEY)
        if not self.reads and self.view.detail:
            parameters.append(_IF_MATCH)
        if self.view.action == "retrieve":
            parameters.append(_IF_NONE_MATCH)
        return parameters

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """`UserAnswer` is the document's User, `ProfileSaid` its ProfileInput."""
        name = str(super().get_serializer_name(serializer, direction))
        return name.removesuffix("Answer").replace("Said", INPUT)

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"


_LINES = OpenApiResponse(
    OpenApiTypes.STR,
    description="All rows under these filters, a column for each field; `limit` and `cursor` are for pages.",
)
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Yours, new for each request: sent again within 24 hours, it is answered again and not done again.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that you read: 412 if it has changed since."
)
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag that you have: 304 if nothing has changed."
)


def _fields_parameter(shape: Any) -> OpenApiParameter:
    names = list((shape() if isinstance(shape, type) else shape).fields)
    return OpenApiParameter(
        "fields",
        {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1},
        explode=False,
        description="Answer with these alone; the others are missing then, whatever `required` says.",
    )


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook: each operation lists the problems it can return, each input all its names."""
    components = result.setdefault("components", {})
    components["responses"] = {f"Problem{status}": _response(status) for status in DESCRIPTIONS}
    for name, shape in components["schemas"].items():
        _complete(name, shape)
    components["schemas"]["Problem"] = _PROBLEM
    for path, operations in result["paths"].items():
        for method, found in operations.items():
            _limit_keys(found.get("parameters", []))
            for status in _problems(path, method):
                found["responses"].setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    return result


def _complete(name: str, shape: dict[str, Any]) -> None:
    """An input has no other names than these; a response has all of them (except what `fields` omits)."""
    if name.endswith(INPUT):
        shape["additionalProperties"] = False
    elif "properties" in shape:
        shape["required"] = list(shape["properties"])
        for value in shape["properties"].values():
            value.pop("readOnly", None)


def _limit_keys(parameters: list[dict[str, Any]]) -> None:
    """Ids in URLs begin at 1 and fit the database's integers."""
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["schema"] |= {"minimum": 1, "maximum": LARGEST_KEY}


def _problems(path: str, method: str) -> list[str]:
    found = [*EVERYWHERE]
    if "{" in path:
        found += OF_ONE
    if method not in {"get", "head"}:
        found += OF_CHANGES
    if method == "post":
        found += OF_POST
    return sorted(found)


def _response(status: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": DESCRIPTIONS[status],
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {"429", "503"}:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    if status == "401":
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found


_WRONG = {
    "type": "object",
    "description": "A value that can't be taken: where it stands, and why.",
    "properties": {
        "pointer": {"type": "string", "description": "In the body (RFC 6901)."},
        "parameter": {"type": "string", "description": "In the address."},
        "detail": {"type": "string"},
    },
    "required": ["detail"],
}
_REFUSAL = {
    "type": "object",
    "description": "Which cell of the policy table refused, and who can do it instead.",
    "properties": {
        "action": {"type": ["string", "null"]},
        "mode": {"type": ["string", "null"]},
        "cell": {"type": ["string", "null"]},
        "roles": {"type": "array", "items": {"type": "string"}},
        "instead": {"type": ["string", "null"]},
    },
    "required": ["action", "mode", "cell", "roles", "instead"],
}
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:gatehouse:problem:refused"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for people."},
        "code": {"type": "string", "description": "Stable, for machines.", "examples": ["invite.scim_on_sso_enforced"]},
        "errors": {"type": "array", "items": _WRONG},
        "policy": _REFUSAL,
    },
    "required": ["type", "title", "status", "detail", "code"],
}


class BearerTokenInOpenAPI(OpenApiAuthenticationExtension):
    """The document's description of it."""

    target_class = "portal.api.authentication.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "ghapi_…",
            "description": "A personal API token, created on the own profile. Scopes: read, write, support.",
        }


class SessionInOpenAPI(OpenApiAuthenticationExtension):
    """The cookie of a signed-in user; writes need the header X-CSRFToken as well."""

    target_class = "portal.api.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A session of the portal; changes need the header X-CSRFToken as well.",
        }


@cache
def document() -> dict[str, Any]:
    """The whole document, generated once per worker."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made
