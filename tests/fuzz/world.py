"""A portal with a row of each kind, who calls it, and what fits each of its endpoints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any

from django.contrib import admin
from django.test import Client

from identity.models import BulkRun, Conflict, Status, User
from identity.services.bulk_runs import Wanted, create_run
from identity.services.invitations import invite_user
from portal.api.schema import document
from portal.api.urls import RESOURCES
from tests.clients import IdP, idp_of
from tests.factories import (
    OPERATOR,
    connect,
    make_api_token,
    make_asset,
    make_break_glass,
    make_group,
    make_idp,
    make_owner,
    make_support,
    make_token,
    make_user,
    map_group,
    provision,
    push_group,
)
from tests.scim.helpers import user_body
from tests.sessions import signed_in

Json = dict[str, Any]


@dataclass
class World:
    """Whom requests come from, which rows they may name, and the forms of its pages."""

    idp: IdP
    people: dict[str, Client]
    tokens: dict[str, str]
    scim_ids: tuple[str, str]
    connection: str
    forms: list[tuple[str, Json]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    def is_served(self) -> bool:
        """The request that follows, at each door."""
        answers = (
            self.idp.get("/Users", count=1),
            Client().get("/api/v1/users/", headers={"Authorization": f"Bearer {self.tokens['owner']}"}),
            _again(self.people["owner"]).get("/profile/"),
            Client().get("/login/"),
        )
        return {answer.status_code for answer in answers} == {200}


def new_world() -> World:
    okta = make_idp("Okta")
    ada, ben = provision(okta), provision(okta, "ben")
    group = make_group("Builders", make_user("mia"))
    map_group(push_group(okta, "Engineering", ada), group)
    make_user("gone", status=Status.DISABLED)
    make_asset(ada.user)
    make_token(okta)
    make_break_glass()
    owner, support = make_owner(), make_support()
    invite_user(username="ivy", email="ivy@example.test", actor=OPERATOR)
    connection = connect(okta)
    pushed = idp_of(okta)
    pushed.post("/Users", user_body("mia", emails=[{"value": "mia@elsewhere.test"}]))
    assert Conflict.objects.exists()
    create_run(BulkRun.Kind.DISABLE, [Wanted(User.objects.get(username="mia"))], is_draft=True, actor=OPERATOR)
    person, staff = pushed.user("zoe", title="Boss"), pushed.group("Staff")
    return World(
        idp=pushed,
        people={"owner": signed_in(owner), "support": signed_in(support), "member": signed_in(ben.user)},
        tokens={"owner": make_api_token(owner), "support": make_api_token(support)},
        scim_ids=(person["id"], staff["id"]),
        connection=connection.slug,
    )


def _again(client: Client) -> Client:
    """The same browser, which keeps nothing of what it will be told."""
    copy = Client(raise_request_exception=False)
    for name, morsel in client.cookies.items():
        copy.cookies[name] = morsel.value
    return copy


browser = _again


@cache
def _model_of(route: str) -> Any:
    """Whose key the gap of an address takes."""
    if found := re.match(r"/admin/identity/(\w+)/", route):
        return next((model for model in admin.site._registry if model._meta.model_name == found[1]), None)
    name = route.removeprefix("/api/v1/").partition("/<pk>")[0].strip("/")
    queryset = getattr(RESOURCES.get(name), "queryset", None)
    return queryset.model if queryset is not None else None


def key_for(route: str) -> str:
    model = _model_of(route)
    newest = model._base_manager.order_by("-pk").values_list("pk", flat=True).first() if model else None
    return str(newest or 1)


# --- the bodies that the REST API documents ---


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    parameters: tuple[str, ...]
    body: Any


@cache
def operations() -> tuple[Operation, ...]:
    whole = document()
    return tuple(
        Operation(
            method.upper(),
            re.sub(r"\{(\w+)\}", r"<\1>", path),
            tuple(parameter["name"] for parameter in told.get("parameters", []) if parameter["in"] == "query"),
            _example(whole, _schema_of(told)),
        )
        for path, methods in whole["paths"].items()
        for method, told in methods.items()
    )


def _schema_of(operation: Json) -> Json:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Json = content.get("application/json", {}).get("schema", {})
    return schema


def _example(whole: Json, schema: Json) -> Any:
    """Something that the schema allows, all of it."""
    if reference := schema.get("$ref"):
        return _example(whole, whole["components"]["schemas"][reference.rpartition("/")[2]])
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return _example(whole, schema[several][0])
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _example(whole, inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [_example(whole, schema.get("items", {}))]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "string":
            return "ada@example.test" if schema.get("format") == "email" else "Ada"
        case _:
            return None


# --- the forms that pages show ---


class Forms(HTMLParser):
    """Each form of a page: where it goes, and what it sends as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Json]] = []
        self._open: tuple[str, Json] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form" and (told.get("method") or "").lower() == "post":
            self._open = (told.get("action") or "", {})
        elif self._open and tag in {"input", "select", "textarea", "button"} and (name := told.get("name")):
            self._open[1].setdefault(name, told.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self.found.append(self._open)
            self._open = None


def forms_of(html: str) -> list[tuple[str, Json]]:
    parser = Forms()
    parser.feed(html)
    return parser.found
