"""Private names of libraries: the few that are used, each in one module, and each still what it was (its contract).

A release of a library may change what it never promised. So each is counted here, and has a test that fails on the
upgrade rather than in somebody's hands.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.sessions.backends import db as sessions
from django.core.management.base import DjangoHelpFormatter
from django.db.models import Model
from django.http import HttpRequest
from django.test import RequestFactory
from gunicorn.workers.gthread import ThreadWorker
from onelogin.saml2.response import OneLogin_Saml2_Response
from requests import Response
from rest_framework.request import Request
from urllib3.connection import HTTPConnection

from identity.models import User
from tests.loops import each
from tests.sources import modules, name

pytestmark = pytest.mark.once

OURS = ("identity", "scim", "portal")

# Private by their look, and in the manuals of Django and Python.
DOCUMENTED = {
    "_meta",
    "_default_manager",
    "_base_manager",
    "_state",
    "_asdict",
    "_fields",
    "_replace",
    "_value_",
    "_exit",
}

USED: dict[str, set[str]] = {
    "identity/db/compiled.py": {"_iterable_class", "_prepare_related_fields_for_save"},
    "identity/db/migrating.py": {"_alter_column_database_default_sql", "_remake_table"},  # upgrades/test_defaults.py
    "portal/api/json_bodies.py": {"_request"},
    "portal/management/operator_command.py": {"_fill_text"},
    "portal/project/bodies.py": {"_stream"},
    "portal/project/waiting_worker.py": {"_cap_keepalive"},
    "portal/session/auth.py": {"_make_hash_value"},
    "portal/session/store.py": {"_get_session"},
    "portal/sso/outgoing.py": {"_content", "_dns_host", "_new_conn"},
    "portal/sso/saml.py": {"_query", "_query_assertion", "_settings"},
    "scim/wire/bodies.py": {"_body"},
}

PRIVATE = re.compile(r"_[a-zA-Z]\w*")


def is_private(word: str) -> bool:
    return bool(PRIVATE.fullmatch(word)) and word not in DOCUMENTED


def members(tree: ast.AST) -> Iterator[str]:
    """What the classes of a module define."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from (one.name for one in node.body if isinstance(one, ast.FunctionDef))
            yield from (ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign))


def put_on_self(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=found, ctx=ast.Store()):
                yield found


def used_on_others(tree: ast.AST, own: set[str]) -> Iterator[str]:
    """Private names of whatever is not ours: imported, read or written."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=found) if is_private(found) and found not in own:
                yield found
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] not in OURS:
                parts = [*module.split("."), *(alias.name for alias in names)]
                yield from (part for part in parts if part == "internal" or is_private(part))
            case ast.Import(names=names):
                yield from (part for alias in names for part in alias.name.split(".") if is_private(part))


def inherited(module: Any) -> Iterator[str]:
    """Private names that a class of ours shares with a class of a library that it stands on."""
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and names_on_self(cls):
            for base in cls.__mro__[1:]:
                if base.__module__.partition(".")[0] not in (*OURS, "builtins", "typing", "enum", "abc"):
                    yield from names_on_self(cls) & names_on_self(base)


def names_on_self(cls: type) -> set[str]:
    """The private names that a class defines or asks of itself; none of one that was made without a source."""
    return classes_of(cls.__module__).get(cls.__name__, set())


@cache
def classes_of(module: str) -> dict[str, set[str]]:
    """The same of all classes of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    return {
        node.name: set(filter(is_private, said_of_itself(node)))
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def said_of_itself(cls: ast.ClassDef) -> Iterator[str]:
    for node in ast.walk(cls):
        match node:
            case ast.FunctionDef(name=found):
                yield found
            case ast.Attribute(value=ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super")), attr=found):
                yield found


def found_in_ours() -> dict[str, set[str]]:
    files = {name(file): file for file in modules(*OURS)}
    trees = {file: ast.parse(path.read_text(encoding="utf-8")) for file, path in each(files.items(), at_least=300)}
    own = {found for tree in trees.values() for found in members(tree)}
    found = {}
    for file, tree in trees.items():
        module = importlib.import_module(file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        if names := {*used_on_others(tree, {*own, *put_on_self(tree)}), *inherited(module)}:
            found[file] = names
    return found


def test_private_names_of_libraries_are_used_where_it_is_said() -> None:
    assert found_in_ours() == USED


def test_a_private_name_is_recognised() -> None:
    tree = ast.parse(
        "from allauth.mfa.totp.internal import auth\nimport a._b\nx._c = y._d\nself._e()\nself._own()\nz._meta"
    )
    assert sorted(used_on_others(tree, {"_own"})) == ["_b", "_c", "_d", "_e", "internal"]


# --- what each is ---


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Model._prepare_related_fields_for_save, ["self", "operation_name", "fields"]),
        (DjangoHelpFormatter._fill_text, ["self", "text", "width", "indent"]),
        (PasswordResetTokenGenerator._make_hash_value, ["self", "user", "timestamp"]),
        (sessions.SessionStore._get_session, ["self", "no_load"]),
        (HTTPConnection._new_conn, ["self"]),
        (ThreadWorker._cap_keepalive, ["self", "deadline"]),
        (OneLogin_Saml2_Response._query, ["self", "query", "tagid"]),
        (OneLogin_Saml2_Response._query_assertion, ["self", "xpath_expr"]),
    ],
    ids=lambda given: getattr(given, "__qualname__", ""),
)
def test_a_method_takes_what_it_is_given(method: Any, expected: list[str]) -> None:
    assert parameters(method) == expected


def test_the_body_and_the_stream_of_a_request_are_where_django_looks() -> None:
    request = RequestFactory().post("/", b"sent", content_type="text/plain")
    request._stream = BytesIO(b"put in its place")
    assert request.body == b"put in its place"
    another = HttpRequest()
    another._body = b"kept"  # type: ignore[attr-defined]
    assert another.body == b"kept"


def test_a_request_of_rest_framework_is_around_one_of_djangos() -> None:
    plain = RequestFactory().get("/")
    assert Request(plain)._request is plain


def test_the_content_of_an_answer_is_where_requests_looks() -> None:
    response = Response()
    response._content = b"bounded"
    assert response.content == b"bounded"


def test_a_connection_dials_the_address_and_is_called_by_its_name() -> None:
    connection = HTTPConnection("portal.example.com")
    connection._dns_host = "192.0.2.1"  # type: ignore[attr-defined]
    assert connection.host == "192.0.2.1".rstrip(".")


def test_a_queryset_says_what_it_makes_of_its_rows() -> None:
    assert User.objects.all()._iterable_class is not User.objects.values_list("pk")._iterable_class
