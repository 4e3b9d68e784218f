"""An identity provider's side of the conversation, and what the tests look at afterwards."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from identity.actors import Operator
from identity.models import IdentityProvider, SCIMToken
from identity.services import identity_providers, tokens

Document = dict[str, Any]

ROOT = "/scim/v2"
BASE = "http://127.0.0.1:8000/scim/v2"
SCIM = "application/scim+json"

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PORTAL_USER = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:User"
PORTAL_GROUP = "urn:gatehouse:params:scim:schemas:extension:portal:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

OPERATOR = Operator("test")
_numbers = itertools.count(1)


@dataclass
class IdP:
    """An identity provider with a token; its methods are the requests it makes."""

    provider: IdentityProvider
    token: SCIMToken
    secret: str
    client: Client = field(default_factory=Client)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One request; `body` may be raw bytes, `headers` are spelled with underscores."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        wanted = {"Authorization": f"Bearer {self.secret}", **_header_names(headers)}
        kind = wanted.pop("Content-Type", SCIM)
        return self.client.generic(method, f"{ROOT}{path}", data, content_type=kind, headers=wanted)

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> HttpResponse:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.send("GET", f"{path}{query}", **(headers or {}))

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def patch(self, path: str, *operations: Document, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def user(self, user_name: str | None = None, **attributes: Any) -> Document:
        """A user that was pushed: the answer to the POST."""
        answer = self.post("/Users", user_body(user_name, **attributes))
        assert answer.status_code == 201, answer.content
        return answer.json()

    def group(self, name: str | None = None, members: Iterable[Document] = (), **attributes: Any) -> Document:
        """A group that was pushed, with these users as members."""
        answer = self.post("/Groups", group_body(name, members, **attributes))
        assert answer.status_code == 201, answer.content
        return answer.json()

    def found(self, expression: str, endpoint: str = "/Users") -> list[str]:
        """The userNames or displayNames that a filter selects, sorted."""
        answer = self.get(endpoint, filter=expression)
        assert answer.status_code == 200, answer.content
        return sorted(found.get("userName") or found["displayName"] for found in answer.json()["Resources"])


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def new_idp(name: str | None = None, **options: Any) -> IdP:
    provider = identity_providers.create_identity_provider(
        name=name or f"IdP {next(_numbers)}", actor=OPERATOR, **options
    )
    token, secret = tokens.create_token(provider, label="test", actor=OPERATOR)
    return IdP(provider, token, secret)


def user_body(user_name: str | None = None, **attributes: Any) -> Document:
    name = user_name or f"person{next(_numbers)}@example.com"
    return {"schemas": [CORE_USER], "userName": name, **attributes}


def group_body(name: str | None = None, members: Iterable[Document] = (), **attributes: Any) -> Document:
    body = {"schemas": [CORE_GROUP], "displayName": name or f"Group {next(_numbers)}", **attributes}
    return {**body, "members": [member(user) for user in members]} if members else body


def member(user: Document) -> Document:
    return {"value": user["id"]}


def member_ids(group: Document) -> list[str]:
    return [entry["value"] for entry in group.get("members", [])]


def problem(answer: HttpResponse) -> tuple[int, str | None]:
    """Status and scimType of a refusal, after a look at everything that all refusals share."""
    body = answer.json()
    assert answer["Content-Type"].startswith(SCIM), answer["Content-Type"]
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(answer.status_code)
    assert set(body) <= {"schemas", "status", "detail", "scimType"}
    detail = body["detail"]
    assert detail, body
    assert detail.endswith((".", "?", "!")), detail
    assert not _INTERNALS.search(detail), detail
    return answer.status_code, body.get("scimType")


_INTERNALS = re.compile(
    r"Traceback|psycopg|sqlite|SELECT |INSERT |UNIQUE constraint|duplicate key|identity_|pydantic|Errno|object at 0x"
)


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the domain except what refusals and uses leave behind (log, conflicts, last use of tokens)."""
    left_out = {"ProvisioningLog", "Conflict", "SCIMToken", "ProviderContact"}
    models = [model for model in apps.get_app_config("identity").get_models() if model.__name__ not in left_out]
    return {model.__name__: sorted(model._default_manager.values_list(), key=repr) for model in models}


@contextmanager
def unchanged_database() -> Iterator[None]:
    """Nothing but the log may change in the block."""
    before = snapshot()
    yield
    assert snapshot() == before


_FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


_NOTED = ("last_used_from", "identity_providercontact")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL of the block without transaction control and the once-a-minute notes (PERFORMANCE.md)."""
    seen: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield seen
    seen.extend(
        query["sql"]
        for query in captured
        if not query["sql"].startswith(_FRAME) and not any(noted in query["sql"] for noted in _NOTED)
    )
