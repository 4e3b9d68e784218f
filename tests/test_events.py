"""`identity/events.py` is the one list of events: no name stands anywhere else, and none stands there in vain."""

import ast
from collections.abc import Iterator

import pytest

from identity.events import Event, Family
from tests.loops import each
from tests.sources import modules, name, tree

pytestmark = pytest.mark.once

LIST = "identity/events.py"
CODE = [file for file in modules("identity", "scim", "portal") if name(file) != LIST and "migrations" not in file.parts]
NAMES = {str(event) for event in Event} | {f"{family}." for family in Family.values}


def names_spelled_out(tree: ast.AST) -> Iterator[str]:
    """Texts that are an event's name, or its beginning, as in `f"user.{status}"`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield node.value


def members_used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="Event"), attr=member):
                yield member


def test_no_event_is_spelled_out() -> None:
    found = [f"{name(file)}: {text}" for file in each(CODE, at_least=250) for text in names_spelled_out(tree(file))]
    assert found == []


def test_every_event_happens() -> None:
    used = {member for file in each(CODE, at_least=250) for member in members_used(tree(file))}
    assert [event.name for event in each(Event, at_least=70) if event.name not in used] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('audit.record("user.login")', ["user.login"]),
        ('audit.record(f"user.{status}")', ["user."]),
        ('rows.filter(action__startswith="sign_in.")', ["sign_in."]),
        ('Field(source="membership.group")', []),
        ("audit.record(Event.USER_LOGIN)", []),
    ],
)
def test_a_name_that_is_spelled_out_is_recognised(source: str, expected: list[str]) -> None:
    assert list(names_spelled_out(ast.parse(source))) == expected
