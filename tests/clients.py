"""The programs that call the portal: identity providers and scripts, with the same verbs, and how answers are read."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client

from identity.models import IdentityProvider, User
from tests.factories import make_administrator, make_api_token, make_idp, make_owner, make_support, make_token
from tests.scim.helpers import ERROR, PATCH_OP, SCIM, Document, group_body, user_body

_numbers = itertools.count(1)


@dataclass
class Caller:
    """Who calls one of the doors for programs, with a token; a `client` that has a session needs none."""

    secret: str = ""
    client: Client = field(default_factory=Client)

    root: ClassVar[str]
    kind: ClassVar[str]

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One request below the door's root; `body` may be raw bytes, header names have `_` for `-`."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        wanted = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        wanted |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        kind = wanted.pop("Content-Type", self.kind)
        where = self.root + path.removeprefix(self.root)
        return self.client.generic(method, where, data, content_type=kind, headers=wanted)  # type: ignore[return-value]

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> HttpResponse:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.send("GET", f"{path}{query}", **(headers or {}))

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def patch(self, path: str, *changes: Document, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, self.patched(*changes), **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def read(self, path: str) -> Any:
        """What a GET that works answers."""
        return ok(self.get(path))

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """What a change that works answers."""
        return ok(self.send(method, path, body))

    def patched(self, *changes: Document) -> Document:
        """The body of a PATCH."""
        raise NotImplementedError


class Script(Caller):
    """A script at the REST API."""

    root = "/api/v1/"
    kind = "application/json"

    def patched(self, *changes: Document) -> Document:
        [fields] = changes
        return fields


@dataclass
class IdP(Caller):
    """An identity provider at SCIM, or a stranger without `provider`; to PATCH is to send operations."""

    provider: IdentityProvider | None = None

    root = "/scim/v2"
    kind = SCIM

    def patched(self, *changes: Document) -> Document:
        return {"schemas": [PATCH_OP], "Operations": list(changes)}

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


def new_idp(name: str | None = None, **options: Any) -> IdP:
    return idp_of(make_idp(name or f"IdP {next(_numbers)}", **options))


def idp_of(provider: IdentityProvider) -> IdP:
    """The one that the portal knows as this, with a new token."""
    return IdP(make_token(provider), provider=provider)


def caller(user: User, *scopes: str) -> Script:
    """A script with a token of this person, with all scopes unless some are named."""
    return Script(make_api_token(user, *scopes))


def administrators_caller(*scopes: str) -> Script:
    return caller(make_administrator(), *scopes)


def owners_caller() -> Script:
    return caller(make_owner())


def supports_caller(*scopes: str) -> Script:
    return caller(make_support(), *scopes)


# --- reading answers ---


def ok(answer: HttpResponse) -> Any:
    """What a request that works is answered."""
    assert answer.status_code < 300, answer.content
    return json.loads(answer.content) if answer.content else None


def problem(answer: HttpResponse) -> tuple[int, str | None]:
    """The status of a refusal with its code, or with its scimType at SCIM, after a look at what all of them share."""
    body = answer.json()
    is_scim = answer.wsgi_request.path.startswith("/scim/")  # type: ignore[attr-defined]
    return _scim_problem(answer, body) if is_scim else _rest_problem(answer, body)


def sentence(answer: HttpResponse) -> str:
    """What a refusal says to people."""
    return str(answer.json()["detail"])


def _rest_problem(answer: HttpResponse, body: Document) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def _scim_problem(answer: HttpResponse, body: Document) -> tuple[int, str | None]:
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
