"""PATCH of a user."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.scim.patch_model.operations import apply, lowered, tidy
from tests.scim.patch_model.paths import CORE, ENTERPRISE, MULTIPLE, Document, Refused, spelled


def patched_user(user: Document, operations: list[Document], *, taken: frozenset[str] = frozenset()) -> Document:
    """The user as these operations leave it. `taken` are the folded userNames of others (R2). Raises Refused."""
    plain = [lowered(operation) for operation in operations]
    state, refused = _all_applied(user, plain)
    if refused and not _leaves(plain):
        raise Refused(*refused)
    if refused:
        state, _ = _all_applied(user, [single for operation in plain for single in _singles(operation)])
    for name in MULTIPLE:
        state[name] = [entry for entry in state.get(name, []) if entry]
    tidy(state)
    return _by_the_rules(user, state, taken, leaves=_leaves(plain))


def _all_applied(user: Document, operations: list[Document]) -> tuple[Document, set[str]]:
    """Without those that must be refused, whose scimTypes are told."""
    state, refused = deepcopy(user), set()
    for operation in operations:
        step = deepcopy(state)
        try:
            apply(step, operation)
        except Refused as error:
            refused |= error.scim_types
        else:
            state = step
    return state, refused


def _singles(operation: Document) -> list[Document]:
    """One operation for each attribute that is named without a path; those that choose among values come last."""
    value = operation.get("value")
    if operation["op"] == "remove" or not isinstance(value, dict):
        return [operation]
    if not operation.get("path"):
        named = [(key, item) for name, each in value.items() for key, item in _flat(name, each)]
    elif operation["path"].lower() == ENTERPRISE.lower():
        named = [*_flat(ENTERPRISE, value)]
    else:
        return [operation]
    return [{"op": operation["op"], "value": {name: item}} for name, item in named]


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    urn = spelled(name, (CORE, ENTERPRISE))
    if urn is None or not isinstance(value, dict):
        yield name, value
    else:
        yield from ((f"{urn}:{key}", item) for key, item in value.items())


def _leaves(operations: list[Document]) -> bool:
    """R2: whether what can be read of them ends with an inactive person, who is let out whatever else is wrong."""
    said: list[bool] = []
    for operation in (single for each in operations for single in _singles(each)):
        probe: Document = {"userName": "x", "active": None}
        try:
            apply(probe, operation)
        except Refused:
            continue
        said += [] if probe["active"] is None else [probe["active"]]
    return said[-1:] == [False]


def _by_the_rules(before: Document, after: Document, taken: frozenset[str], *, leaves: bool) -> Document:
    """R2: somebody else's userName is refused, or dropped when the person ends up inactive anyway."""
    if not after["userName"].strip() or "  " in _chosen_email(after):
        if not leaves:
            raise Refused("invalidValue")
        after["userName"] = after["userName"] if after["userName"].strip() else before["userName"]
    if after["userName"].lower() in taken:
        if after["active"]:
            raise Refused("uniqueness")
        after["userName"] = before["userName"]
    return after


def _chosen_email(user: Document) -> str:
    """The one that the portal would take (docs/design/rules.md): only that one is looked at closely."""
    given = [email for email in user.get("emails", []) if email.get("value")]
    chosen = sorted(given, key=lambda email: (not email.get("primary"), email.get("type") != "work"))
    return chosen[0]["value"].strip() if chosen else ""
