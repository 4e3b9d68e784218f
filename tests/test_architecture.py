"""What a machine can watch: who writes, and who imports whom."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from scim import config
from tests.loops import each
from tests.sources import ROOT, modules, name, nodes, tree

pytestmark = pytest.mark.once

BULK_WRITES = {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
SYNC_WRITES = {"create", "delete", "save", "update"} | BULK_WRITES
WRITES = SYNC_WRITES | {f"a{method}" for method in SYNC_WRITES}

# `update` is a word of dictionaries and digests as well: only on what looks like rows does it write.
NOT_ROWS = {"context", "extra_context", "headers", "data", "initial", "options", "attrs", "hashlib", "cache"}

# A session of Django's: what one browser is doing.
NOT_ROWS |= {"store"}

# A key of the library that reads passkeys.
NOT_ROWS |= {"AttestedCredentialData"}

# django-scim2's protocol: save() and delete() of an adapter are one call of a service (scim/adapters).
NOT_ROWS |= {"adapter"}

# Doors that call a writer of Django's own, each with its reason.
ALLOWED_WRITES = {
    "portal/settings.py": "updates its own names with the mail settings; there are no rows",
    "portal/session/store.py": "sweeps up rows of browsers' sessions, which no rule is about",
    "portal/session/sessions.py": "notes on allauth's row of a browser's session, which no rule is about",
}

OURS = ("identity", "scim", "portal", "tests")

# What identity must not know. import-linter can name only top-level packages, so these are watched here.
FOREIGN = (
    "django.contrib.admin",
    "django.http",
    "django.shortcuts",
    "django.urls",
    "django.views",
    "django.test",
)


def subject(call: ast.Call) -> str:
    """The last name before the method: `request.session` in `request.session.update()` gives `session`."""
    assert isinstance(call.func, ast.Attribute)
    match call.func.value:
        case ast.Name(id=found) | ast.Attribute(attr=found):
            return found
        case _:
            return ""


def writing_calls(file: Path) -> Iterator[str]:
    for node in nodes(file):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            if node.func.attr not in BULK_WRITES and subject(node) in NOT_ROWS:
                continue
            yield f"{name(file)}:{node.lineno} .{node.func.attr}()"


def imported_names(file: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(file):
        match node:
            case ast.Import():
                yield from ((node.lineno, alias.name) for alias in node.names)
            case ast.ImportFrom(module=str(module)):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def status_assignments(file: Path) -> Iterator[str]:
    for node in nodes(file):
        if assigns_a_users_status(node):
            yield f"{name(file)}:{node.lineno}"  # type: ignore[attr-defined]


def assigns_a_users_status(node: ast.AST) -> bool:
    """`user.status = …` or `User.objects….update(status=…)`, and the same of `is_active`."""
    match node:
        case ast.Assign(targets=targets):
            return any(is_users_status(target) for target in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return is_users_status(target)
        case ast.Call(func=ast.Attribute(attr="update"), keywords=keywords):
            return any(keyword.arg in {"status", "is_active"} for keyword in keywords) and "User" in ast.unparse(node)
        case _:
            return False


def is_users_status(target: ast.expr) -> bool:
    match target:
        case ast.Attribute(attr="is_active"):
            return True
        case ast.Attribute(attr="status", value=owner):
            return "user" in ast.unparse(owner).lower()
        case _:
            return False


def test_only_services_write_rows() -> None:
    doors = [file for file in modules("scim", "portal") if name(file) not in ALLOWED_WRITES]
    assert [call for file in each(doors, at_least=100) for call in writing_calls(file)] == []


def test_only_services_write_rows_inside_identity() -> None:
    """audit.py is the services' pen; a model's own save() or manager is Django's contract."""
    others = [file for file in modules("identity") if not {"services", "models", "audit.py"} & set(file.parts)]
    assert [call for file in each(others, at_least=10) for call in writing_calls(file)] == []


def test_only_the_users_service_assigns_a_status() -> None:
    others = [file for file in modules("identity", "scim", "portal") if name(file) != "identity/services/users.py"]
    assert [place for file in each(others, at_least=150) for place in status_assignments(file)] == []


def module_of(file: Path) -> str:
    return name(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


def test_no_import_comes_back_to_where_it_began() -> None:
    """Imports for type checking only, and those inside functions, count as well."""
    files = {module_of(file): file for file in modules("identity", "scim", "portal")}
    graph = {
        module: {found if found in files else found.rpartition(".")[0] for _, found in imported_names(file)} - {module}
        for module, file in each(files.items(), at_least=300)
    }
    assert circle_in(graph) == []
    assert circle_in({"a": {"b"}, "b": {"a"}})


def test_no_room_is_left_out_of_the_layers() -> None:
    """import-linter reads imports inside functions and for type checking only, of the rooms that it is told of."""
    linted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layered = [contract for contract in linted["contracts"] if "containers" in contract]
    assert {room for contract in layered for room in contract["containers"]} >= {"identity", "scim", "portal"}
    assert [
        contract["name"]
        for contract in each(layered, at_least=4)
        if not contract.get("exhaustive") or "exhaustive_ignores" in contract or "ignore_imports" in contract
    ] == []
    assert linted["exclude_type_checking_imports"] is False


def test_each_room_says_what_it_holds() -> None:
    rooms = [file for file in modules("identity", "scim", "portal") if file.name == "__init__.py"]
    texts = {name(file): ast.get_docstring(tree(file)) for file in rooms}
    assert [room for room, text in each(texts.items(), at_least=20) if not text] == []


# A command is named by its module (Django), a SCIM resource by RFC 7643.
OFTEN_NAMED = {"Command", "User", "Group"}


def test_a_name_of_a_class_stands_for_one_thing() -> None:
    """One word for one thing; underscored classes are their module's own."""
    named = Counter(
        node.name
        for file in each(modules("identity", "scim", "portal"), at_least=400)
        for node in tree(file).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and "migrations" not in file.parts
    )
    assert {word for word, number in named.items() if number > 1} == OFTEN_NAMED


def test_identity_knows_no_request_and_no_page() -> None:
    found = [
        f"{name(file)}:{line} {imported}"
        for file in each(modules("identity"), at_least=50)
        for line, imported in imported_names(file)
        if imported.startswith(FOREIGN)
    ]
    assert found == []


def test_one_module_knows_the_library_of_passkeys() -> None:
    files = each(modules("identity", "scim", "portal"), at_least=300)
    found = {name(file) for file in files for _, imported in imported_names(file) if imported.startswith("fido2.")}
    assert found == {"identity/core/webauthn.py"}


def test_nothing_takes_all_fields() -> None:
    """SR-25: forms and serializers list theirs, so that a new column is not editable by accident."""
    sources = {name(file): file.read_text(encoding="utf-8") for file in modules("scim", "portal")}
    assert [
        file for file, source in each(sources.items(), at_least=100) if "__all__" in source and "fields" in source
    ] == []


def test_provisioned_text_is_never_trusted_as_html() -> None:
    """SR-28: `mark_safe`, and the template filter `safe`, would switch the escaping off."""
    python = {name(file): file.read_text(encoding="utf-8") for file in modules("scim", "portal")}
    pages = {name(file): file.read_text(encoding="utf-8") for file in (ROOT / "portal" / "templates").rglob("*.html")}
    assert [
        file for file, source in each(python.items(), at_least=100) if "mark_safe" in source or "SafeString" in source
    ] == []
    assert [
        file for file, source in each(pages.items(), at_least=50) if "|safe" in source or "autoescape off" in source
    ] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("user.status = Status.DISABLED", True),
        ("self.user.status = 'x'", True),
        ("person.is_active = False", True),
        ("User.objects.filter(pk=1).update(status='x')", True),
        ("conflict.status = 'open'", False),
        ("Conflict.objects.update(status='open')", False),
        ("response.status = 4", False),
    ],
)
def test_an_assigned_status_is_recognised(source: str, expected: bool) -> None:
    assert any(assigns_a_users_status(node) for node in ast.walk(ast.parse(source))) is expected


# Attributes that a rule of the product is about: the portal's own columns, statuses, emails and memberships.
RULED_ATTRIBUTES = {
    *("userName", "externalId", "displayName", "active", "password", "emails", "name", "givenName", "familyName"),
    *("groups", "members", "portalGroups", "manager", "username", "email", "status", "lastActive"),
    *("value", "type", "primary", "display", "$ref"),
}


def published_names(attributes: list[dict[str, Any]]) -> set[str]:
    below = [published_names(one.get("subAttributes", [])) for one in attributes]
    return {one["name"] for one in attributes}.union(*below)


def test_an_attribute_without_a_rule_is_known_to_the_resource_models_alone() -> None:
    """One more in `scim.wire.resources` is kept, answered, filtered, sorted and projected without another line."""
    names = set().union(*(published_names(schema["attributes"]) for schema in config.schemas().values()))
    assert "title" in names
    word = re.compile(rf"\b({'|'.join(names - RULED_ATTRIBUTES)})\b")
    known = {
        (name(file), found[0])
        for file in modules("scim")
        if file.name != "resources.py"
        for node in nodes(file)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        if " " not in node.value and (found := word.search(node.value))
    }
    assert not known


# --- the tests themselves ---


TESTS = [file for file in modules("tests") if "bench" not in file.parts]
COUNTERS = {"CaptureQueriesContext", "assertNumQueries", "django_assert_num_queries", "django_assert_max_num_queries"}


def test_statements_are_counted_in_one_place() -> None:
    """tests/statements.py: with a pinned number in each test, one statement more is a hundred edits."""
    found = {
        name(file)
        for file in TESTS
        for node in nodes(file)
        if COUNTERS & {getattr(node, attribute, None) for attribute in ("id", "attr", "arg", "name")}
    }
    assert found == {"tests/statements.py"}


def test_exact_numbers_of_statements_are_pinned_for_scim_alone() -> None:
    found = {name(file) for file in TESTS for _ in pinned(tree(file))}
    assert found == {"tests/scim/test_statements.py"}


def pinned(tree: ast.AST) -> Iterator[ast.AST]:
    """`len(seen) == 3`, and `cost(…) == 3`, of what `statements()` or `cost()` saw."""
    seen = {"cost"}
    for node in ast.walk(tree):
        match node:
            case ast.withitem(context_expr=ast.Call(func=ast.Name(id="statements")), optional_vars=ast.Name(id=named)):
                seen.add(named)
            case ast.Assign(targets=[ast.Name(id=named)], value=ast.Call(func=ast.Name(id="cost"))):
                seen.add(named)
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Call(func=function, args=[*given]), ops=[ast.Eq()], comparators=[number]):
                names = {one.id for one in (function, *given) if isinstance(one, ast.Name)}
                if names & seen and isinstance(number, ast.Constant | ast.IfExp):
                    yield node


def test_no_helper_of_the_tests_is_written_twice() -> None:
    written: dict[str, set[str]] = {}
    for file in TESTS:
        for node in tree(file).body:
            if isinstance(node, ast.FunctionDef):
                said = [one for one in node.body if not isinstance(one, ast.Expr) or not is_text(one.value)]
                alike = f"{node.name}({ast.unparse(node.args)}): {[ast.unparse(one) for one in said]}"
                written.setdefault(alike, set()).add(name(file))
    assert len(written) > 3_000
    assert {alike: files for alike, files in written.items() if len(files) > 1} == {}


def test_what_two_files_of_tests_need_is_in_neither() -> None:
    """A helper that is imported lies in a module of its own (tests/README.md)."""
    imported = [
        f"{name(file)}:{line} {found}"
        for file in each(TESTS, at_least=250)
        for line, found in imported_names(file)
        if found.startswith("tests.") and ".test_" in found
    ]
    assert imported == []


def test_what_a_file_of_the_tests_imports_is_there() -> None:
    """No run loads them all: what a make target alone uses was missing once."""
    lost = [
        f"{name(file)}:{node.lineno} {node.module}.{one.name}"
        for file in each(modules("tests"), at_least=400)
        for node in nodes(file)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in OURS
        for one in node.names
        if one.name != "*" and not is_there(node.module, one.name)
    ]
    assert lost == []


def is_there(module: str, wanted: str) -> bool:
    """Whether the module says this name, or is a package with a module of that name."""
    place = ROOT.joinpath(*module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if (place / f"{wanted}.py").exists() or (place / wanted).is_dir():
        return True
    return file.exists() and wanted in said_by(file)


@cache
def said_by(file: Path) -> set[str]:
    """The names that a module's own statements give, whichever branch they stand in."""
    said: set[str] = set()
    for node in nodes(file):
        match node:
            case ast.FunctionDef(name=one) | ast.ClassDef(name=one) | ast.Name(id=one, ctx=ast.Store()):
                said.add(one)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                said |= {(one.asname or one.name).partition(".")[0] for one in names}
    return said


def is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
