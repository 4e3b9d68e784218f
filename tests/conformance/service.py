"""The service provider under test, as a client sees it: HTTP in, answers out, and plain words when one is wrong."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

Document = dict[str, Any]

SCIM = "application/scim+json"
CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGE = "urn:ietf:params:scim:api:messages:2.0:"
ERROR, LIST, PATCH_OP, SEARCH, BULK, BULK_RESPONSE = (
    f"{MESSAGE}{name}" for name in ("Error", "ListResponse", "PatchOp", "SearchRequest", "BulkRequest", "BulkResponse")
)


class NotMet(Exception):
    """The service does not do what the requirement asks for."""


class NotApplicable(Exception):
    """The requirement is about something that this service does not have, or that can't be seen from here."""


def need(holds: object, otherwise: str) -> None:
    """Raise NotMet with this reason unless it holds."""
    if not holds:
        raise NotMet(otherwise)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Document:
        try:
            body = json.loads(self.content)
        except ValueError as error:
            raise NotMet(f"the body is no JSON: {self.content[:80]!r}") from error
        need(isinstance(body, dict), "the body is no JSON object")
        return dict(body)

    def having(self, *statuses: int) -> Answer:
        """This answer, if it has one of these statuses."""
        need(self.status in statuses, f"answered {self.status} instead of {' or '.join(map(str, statuses))}")
        return self

    def refusing(self, status: int, scim_type: str | None = None) -> Document:
        """The error body of a refusal with this status and scimType."""
        body = self.having(status).json()
        need(ERROR in body.get("schemas", []), "the refusal has no Error body")
        if scim_type is not None:
            need(body.get("scimType") == scim_type, f"scimType is {body.get('scimType')!r} instead of {scim_type!r}")
        return body


Send = Callable[[str, str, bytes | None, dict[str, str]], Answer]
"""Method, path with query below the SCIM root, body, headers → answer."""


@dataclass
class Service:
    """Requests with the token of one identity provider.

    The checks write addresses such as ada@example.test, and an email belongs to one person only: on the wire,
    everything below .test is below a domain of the check's own.
    """

    send: Send
    token: str
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    numbers: Iterable[int] = field(default_factory=itertools.count)
    domain: str = ".test"

    def begin(self) -> None:
        """Another check: nobody has its addresses yet."""
        self.domain = f".{self.run}-{next(iter(self.numbers))}.test"

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, token: str | None = ""
    ) -> Answer:
        """One request; `token` is another one, or None for none; a header of value "" is left out."""
        given = {"Accept": SCIM, **({} if body is None else {"Content-Type": SCIM})}
        if token is not None:
            given["Authorization"] = f"Bearer {token or self.token}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        wanted = {name: value for name, value in {**given, **(headers or {})}.items() if value}
        return self._translated(method, path, content, wanted)

    def _translated(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        ours, theirs = b".test", self.domain.encode()
        body = None if content is None else content.replace(ours, theirs)
        answer = self.send(method, path.replace(".test", self.domain), body, headers)
        return replace(answer, content=answer.content.replace(theirs, ours))

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        return self.request("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.request("POST", path, body, headers)

    def put(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return self.request("PUT", path, body, headers)

    def patch(self, path: str, *operations: Document, headers: dict[str, str] | None = None) -> Answer:
        return self.request("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, headers)

    def delete(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.request("DELETE", path, headers=headers)

    def name(self, kind: str = "user") -> str:
        """A name that no other resource has."""
        return f"{kind}-{self.run}-{next(iter(self.numbers))}"

    def new_user(self, **attributes: Any) -> Document:
        """A user that was just created: the answer to the POST."""
        body = {"schemas": [CORE_USER], "userName": self.name(), **attributes}
        return self.post("/Users", body).having(201).json()

    def new_group(self, *members: Document, **attributes: Any) -> Document:
        named = {"displayName": self.name("group"), "members": [{"value": one["id"]} for one in members]}
        return self.post("/Groups", {"schemas": [CORE_GROUP], **named, **attributes}).having(201).json()

    def read(self, resource: Document) -> Document:
        """The resource as it is now."""
        return self.get(path_of(resource)).having(200).json()

    def found(self, expression: str, endpoint: str = "/Users") -> list[str]:
        """The ids that a filter selects."""
        listed = self.get(endpoint, filter=expression, count=1000).having(200).json()
        return [one["id"] for one in listed.get("Resources", [])]

    def features(self) -> Document:
        return self.get("/ServiceProviderConfig").having(200).json()


def path_of(resource: Document) -> str:
    """`/Users/…` or `/Groups/…`."""
    kind = resource.get("meta", {}).get("resourceType", "")
    need(kind in {"User", "Group"} and resource.get("id"), "the resource lacks its id or meta.resourceType")
    return f"/{kind}s/{resource['id']}"
