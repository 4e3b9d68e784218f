"""PATCH of a group."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.scim.patch_model.filters import condition_of
from tests.scim.patch_model.operations import lowered
from tests.scim.patch_model.paths import CORE_GROUP, Document, Refused
from tests.scim.patch_model.values import listed, text_of


@dataclass(frozen=True, slots=True)
class People:
    """Who a group can name: id → shown name of those who are here, ids of those who were, names of other groups."""

    here: dict[str, str]
    gone: frozenset[str] = frozenset()
    other_groups: frozenset[str] = frozenset()


def patched_group(group: Document, operations: list[Document], people: People) -> Document:
    """`group` is displayName, externalId and members as a set of ids. Raises Refused."""
    state, refused = deepcopy(group), set()
    for operation in operations:
        step = deepcopy(state)
        try:
            _apply_to_group(step, lowered(operation), people)
        except Refused as error:
            refused |= error.scim_types
        else:
            state = step
    if not state["displayName"].strip() or state["members"] - people.here.keys():
        refused.add("invalidValue")
    if state["displayName"].lower() in people.other_groups:
        refused.add("uniqueness")
    if refused:
        raise Refused(*refused)
    return state


def _apply_to_group(group: Document, operation: Document, people: People) -> None:
    op, path, value = operation["op"], operation.get("path"), operation.get("value")
    if op not in {"add", "replace", "remove"}:
        raise Refused("invalidSyntax", "invalidValue")
    if op == "remove" and not path:
        raise Refused("noTarget")
    if op == "replace" and "value" not in operation:
        raise Refused("invalidValue")
    if op == "add" and "value" not in operation and "[" not in (path or ""):
        raise Refused("invalidValue")
    for name, item in _group_parts(path, value):
        if op != "add" or "value" not in operation or item is not None:
            _apply_to_attribute(group, op, name, item, people)


def _group_parts(path: str | None, value: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of one operation, or of each attribute in a value without path."""
    if path:
        yield path, value
        return
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    for name, item in value.items():
        if _without_core(name).lower() not in {"id", "meta", "schemas"}:
            yield name, item


def _without_core(path: str) -> str:
    return path[len(CORE_GROUP) + 1 :] if path.lower().startswith(f"{CORE_GROUP.lower()}:") else path


def _apply_to_attribute(group: Document, op: str, path: str, value: Any, people: People) -> None:
    """An attribute that Groups here do not have is ignored."""
    name, _, rest = _without_core(path).partition("[")
    match name.lower():
        case "displayname":
            group["displayName"] = _required(op, value)
        case "externalid":
            group["externalId"] = None if op == "remove" or value is None else text_of(value)
        case "members":
            _apply_to_members(group, op, rest.removesuffix("]"), value, people)
        case "id" | "meta":
            raise Refused("mutability")
        case text if text.startswith("members."):
            raise Refused("mutability")


def _required(op: str, value: Any) -> str:
    if op == "remove" or value is None:
        raise Refused("mutability")
    return text_of(value)


def _apply_to_members(group: Document, op: str, text: str, value: Any, people: People) -> None:
    members: set[str] = group["members"]
    if text and op == "replace":
        raise Refused("mutability", "noTarget")
    match op:
        case "add" if text:
            members |= _joining(_named_in(text), people)
        case "add":
            members |= _joining(value, people)
        case "replace":
            group["members"] = _joining(value, people)
        case "remove" if text:
            members -= _whom(text, members, people)
        case "remove" if value is not None:
            members -= _named(value)
        case "remove":
            members.clear()


_UUID = re.compile("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def _joining(value: Any, people: People) -> set[str]:
    """R20: somebody who never was here is refused at the end, who is gone is skipped. R14: so are groups."""
    wanted = set()
    for entry in listed(value):
        if isinstance(entry, dict) and entry.get("type") == "Group" and isinstance(entry.get("value"), str):
            continue
        if isinstance(entry, dict) and str(entry.get("type", "User")).lower() != "user":
            raise Refused("invalidValue")
        if not _UUID.match(_id_of(entry)):
            raise Refused("invalidValue")
        wanted.add(_id_of(entry))
    return wanted - people.gone


_ONE_BY_ID = re.compile(r'^value eq "([^"]*)"$', re.IGNORECASE)


def _named_in(text: str) -> list[str]:
    """Some clients add by `members[value eq "…"]`: only equality names somebody."""
    found = [_ONE_BY_ID.match(term) for term in text.split(" or ")]
    if None in found:
        raise Refused("mutability", "noTarget")
    return [one[1] for one in found if one]


def _named(value: Any) -> set[str]:
    return {_id_of(entry) for entry in listed(value)}


def _id_of(entry: Any) -> str:
    said = entry.get("value") if isinstance(entry, dict) else entry
    if not isinstance(said, str):
        raise Refused("invalidValue")
    return said.lower()


def _whom(text: str, members: set[str], people: People) -> set[str]:
    """Members by what is shown of them; a stranger whom the same request adds can only be named."""
    test = condition_of(text, ("value", "display", "type"))
    found = {one for one in people.here if test({"value": one, "display": people.here[one], "type": "User"})}
    try:
        named = {one.lower() for one in _named_in(text)}
    except Refused:
        named = set()
    return members & (found | named)
