"""Calling the REST API as somebody, and reading what it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from identity.actors import Person
from identity.models import Scope, User
from identity.services import api_tokens
from tests.factories import make_administrator, make_owner, make_support

ROOT = "/api/v1/"


def make_api_token(user: User, *scopes: str) -> str:
    """The secret of a new token of this person, with all scopes unless some are named."""
    scopes = scopes or tuple(Scope.values)
    return api_tokens.create_api_token(label="test", scopes=scopes, actor=Person(user))[1]


@dataclass
class Caller:
    """A script with an API token."""

    secret: str
    client: Client = field(default_factory=Client)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`path` below /api/v1/; header names as keyword arguments, If_Match for If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            named.setdefault("Authorization", f"Bearer {self.secret}")
        data = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return self.client.generic(method, ROOT + path.removeprefix(ROOT), headers=named, **data)  # type: ignore[return-value, arg-type]

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def read(self, path: str) -> Any:
        """What a GET that works answers."""
        return ok(self.get(path))

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """What a change that works answers."""
        return ok(self.send(method, path, body))


def ok(answer: HttpResponse) -> Any:
    assert answer.status_code < 300, answer.content
    return json.loads(answer.content) if answer.content else None


def problem(answer: HttpResponse) -> tuple[int, str]:
    """Status and code of a refusal, which is problem+json."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    said = json.loads(answer.content)
    assert said["status"] == answer.status_code
    return answer.status_code, said["code"]


def sentence(answer: HttpResponse) -> str:
    return str(json.loads(answer.content)["detail"])


def caller(user: User, *scopes: str) -> Caller:
    return Caller(make_api_token(user, *scopes))


def administrators_caller(*scopes: str) -> Caller:
    return caller(make_administrator(), *scopes)


def owners_caller() -> Caller:
    return caller(make_owner())


def supports_caller(*scopes: str) -> Caller:
    return caller(make_support(), *scopes)
