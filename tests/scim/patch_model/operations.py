"""One operation, on a user as a plain dict."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tests.scim.patch_model.filters import condition_of, described, folded
from tests.scim.patch_model.paths import (
    CORE,
    ENTERPRISE,
    MULTIPLE,
    NOT_KEPT,
    PATH,
    READ_ONLY,
    Document,
    Entry,
    Refused,
    Target,
    spelled,
    target_of,
)
from tests.scim.patch_model.values import entries_of, listed, simple, value_for, without_nulls


def apply(user: Document, operation: Document) -> None:
    op, path, value = operation["op"], operation.get("path"), operation.get("value")
    if op not in {"add", "replace", "remove"}:
        raise Refused("invalidSyntax", "invalidValue")
    if op == "remove" and not path:
        raise Refused("noTarget")
    if op != "remove" and "value" not in operation:
        raise Refused("invalidValue", *_what_is_wrong_with_path(path, user))
    if not path:
        _write_all(user, CORE, value, add=op == "add")
    elif (target := target_of(path)) is not None:
        _apply_to(user, target, op, operation)


def _apply_to(user: Document, target: Target, op: str, operation: Document) -> None:
    if target.name in READ_ONLY:
        raise Refused("mutability")
    if target.name in NOT_KEPT or (op == "add" and operation.get("value") is None):
        return  # null adds nothing
    if op == "remove":
        _remove(user, target, operation.get("value"))
    else:
        _write_one(user, target, operation.get("value"), add=op == "add")


def _value_for(user: Document, target: Target, value: Any) -> Any:
    """The value as it is kept; an operation whose path is wrong as well may be refused for either."""
    try:
        read = value_for(target, value)
    except Refused as refused:
        raise Refused(*refused.scim_types, *_what_is_wrong_with(target, user)) from refused
    if target.sub and target.name in MULTIPLE and not target.filter and not user.get(target.name):
        return None  # a sub-attribute of every value, and there is none
    return read


def _what_is_wrong_with_path(path: str | None, user: Document) -> frozenset[str]:
    try:
        target = target_of(path) if path else None
    except Refused as refused:
        return refused.scim_types
    if target is not None and target.name in READ_ONLY:
        return frozenset({"mutability"})
    return frozenset() if target is None else _what_is_wrong_with(target, user)


def _what_is_wrong_with(target: Target, user: Document) -> frozenset[str]:
    if not target.filter:
        return frozenset()
    try:
        chosen = _selected(user.get(target.name, []), target)
        return frozenset() if chosen else frozenset({"noTarget"})
    except Refused as refused:
        return refused.scim_types


def _write_schema(user: Document, target: Target, value: Any, *, add: bool) -> None:
    """A schema's URN as the path: the value is an object of its attributes; null unassigns an extension."""
    if value is None and target.urn == ENTERPRISE:
        user.pop(ENTERPRISE, None)
    else:
        _write_all(user, target.urn, value, add=add)


def _write_all(user: Document, urn: str, value: Any, *, add: bool) -> None:
    """An object of attributes, paths or whole extensions; what is read-only or unknown in it is ignored.

    JSON's objects have no order: paths that select among values find those that the same object brings.
    """
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    refused: set[str] = set()
    for key, item in sorted(value.items(), key=lambda member: "[" in member[0]):
        try:
            if target := _target_of_key(urn, key):
                _write_one(user, target, item, add=add)
        except Refused as error:
            refused |= error.scim_types
    if refused:
        raise Refused(*refused)


def _write_one(user: Document, target: Target, value: Any, *, add: bool) -> None:
    if add and value is None:
        return
    if target.name:
        value = _value_for(user, target, value)
        _write(user, target, without_nulls(value) if add and isinstance(value, dict) else value, add=add)
    else:
        _write_schema(user, target, value, add=add)


def _target_of_key(urn: str, key: str) -> Target | None:
    path = key if urn == CORE or key.lower().startswith("urn:") else f"{urn}:{key}"
    try:
        target = target_of(path)
    except Refused:
        if "[" in key or PATH.match(path):
            raise
        return None  # no name that a schema may have
    return None if target is None or target.name in (*READ_ONLY, *NOT_KEPT) else target


def _home(user: Document, urn: str) -> Document:
    """Where the attributes of a schema are."""
    return user if urn == CORE else user.setdefault(ENTERPRISE, {})


def tidy(user: Document) -> None:
    """What holds nothing is unassigned (RFC 7643 section 2.5)."""
    extension = user.get(ENTERPRISE, {})
    for home, name in ((extension, "manager"), (user, ENTERPRISE), (user, "name"), *((user, m) for m in MULTIPLE)):
        if name in home and not home[name]:
            del home[name]


def _write(user: Document, target: Target, value: Any, *, add: bool) -> None:
    """3.5.2.1 and 3.5.2.3: add and replace differ for multi-valued attributes only."""
    if value is None and target == Target(CORE, "userName"):
        raise Refused("mutability")
    if value is None and target == Target(CORE, "active"):
        return  # null says nothing about a status, which is always true or false
    home = _home(user, target.urn)
    if target.name in MULTIPLE and target.urn == CORE:
        _write_multiple(home, target, value, add=add)
    elif target.sub:
        _merge(home.setdefault(target.name, {}), {target.sub: value})
    elif isinstance(value, dict):
        _merge(home.setdefault(target.name, {}), value)
    else:
        _merge(home, {target.name: value})
    tidy(user)


def _merge(home: Document, values: Document) -> None:
    """The sub-attributes named are set, null ones unassigned, others kept."""
    for name, value in values.items():
        if value is None:
            home.pop(name, None)
        else:
            home[name] = value


def _write_multiple(user: Document, target: Target, value: Any, *, add: bool) -> None:
    entries: list[Entry] = user.get(target.name, [])
    before = deepcopy(entries)
    if target.filter or target.sub:
        entries = _write_selected(entries, target, value, add=add)
    elif value is None:
        entries = []
    else:
        entries = [*entries, *_new(entries, value)] if add else value
    user[target.name] = _with_one_primary(before, entries)


def _new(entries: list[Entry], values: list[Entry]) -> list[Entry]:
    """A value that is there already is not added again (3.5.2.1)."""
    known = [_comparable(entry) for entry in entries]
    return [value for value in values if _comparable(value) not in known]


def _comparable(entry: Entry) -> Entry:
    return {name: folded(value) for name, value in entry.items()}


def _write_selected(entries: list[Entry], target: Target, value: Any, *, add: bool) -> list[Entry]:
    """The entries that a filter selects, or all: a sub-attribute of each is set, or each becomes another.

    Another one is what is sent and what the filter says of it; `add` keeps the rest as well.
    """
    subs = MULTIPLE[target.name]
    chosen = _selected(entries, target)
    changes = {target.sub: value} if target.sub else value
    if not target.filter:
        for entry in chosen:
            _merge(entry, changes)
        return entries
    if changes is None:
        raise Refused("invalidValue", "noTarget")
    if not chosen:
        return [*entries, _made(target, subs, changes)]
    for entry in chosen:
        if not (add or target.sub):
            _keep_only(entry, _equated(target.filter, subs))
        _merge(entry, changes)
    return entries


def _keep_only(entry: Entry, names: set[str | None]) -> None:
    for name in entry.keys() - names:
        del entry[name]


def _equated(text: str, subs: tuple[str, ...]) -> set[str | None]:
    return {spelled(name, subs) for name in re.findall(r"(\w+) eq\b", text, re.IGNORECASE)}


def _made(target: Target, subs: tuple[str, ...], changes: Entry) -> Entry:
    """Entra ID: `emails[type eq "work"].value` on somebody without a work email makes one."""
    about = described(target.filter, subs)
    if about is None:
        raise Refused("noTarget")
    made = without_nulls({**{sub: simple(target.name, sub, item) for sub, item in about.items()}, **changes})
    if not condition_of(target.filter, subs)(made):
        raise Refused("invalidValue")
    return made


def _selected(entries: list[Entry], target: Target) -> list[Entry]:
    if not target.filter:
        return list(entries)
    test = condition_of(target.filter, MULTIPLE[target.name])
    return [entry for entry in entries if test(entry)]


def _with_one_primary(before: list[Entry], entries: list[Entry]) -> list[Entry]:
    """A value that becomes primary ends the others' being so (3.5.2); two at once can't both."""
    was = [id(entry) for entry, old in zip(entries, before, strict=False) if old.get("primary") is True]
    primary = [entry for entry in entries if entry.get("primary") is True]
    marked = [entry for entry in primary if id(entry) not in was]
    if len(marked) > 1:
        raise Refused("invalidValue")
    for entry in primary:
        if marked and entry is not marked[0]:
            entry["primary"] = False
    return entries


def _remove(user: Document, target: Target, value: Any) -> None:
    """3.5.2.2. A value names what goes of a multi-valued attribute (Entra ID); elsewhere it says nothing more."""
    if target == Target(CORE, "userName"):
        raise Refused("mutability")
    if target == Target(CORE, "active"):
        return  # a status can't be taken away (docs/design/scim.md)
    home = user if target.urn == CORE else user.get(ENTERPRISE, {})
    if value is not None and target.name and (target.name not in MULTIPLE or target.filter or target.sub):
        value_for(target, value)  # the path says it all, but what can't be read is refused everywhere
    if not target.name:
        _remove_schema(user, target)
    elif target.name in MULTIPLE and target.urn == CORE:
        _remove_multiple(home, target, value)
    elif target.sub:
        home.get(target.name, {}).pop(target.sub, None)
    else:
        home.pop(target.name, None)
    tidy(user)


def _remove_schema(user: Document, target: Target) -> None:
    if target.urn == CORE:
        raise Refused("invalidPath", "mutability", "noTarget")
    user.pop(ENTERPRISE, None)


def _remove_multiple(user: Document, target: Target, value: Any) -> None:
    entries: list[Entry] = user.get(target.name, [])
    chosen = _selected(entries, target)
    if target.sub:
        for entry in chosen:
            entry.pop(target.sub, None)
        return
    if value is not None and not target.filter:
        wanted = _entries_named(target.name, value) if value not in ("", []) else []
        chosen = [entry for entry in entries if any(_holds(entry, one) for one in wanted)]
    user[target.name] = [entry for entry in entries if not any(entry is one for one in chosen)]


def _entries_named(kind: str, value: Any) -> list[Entry]:
    """What a remove names must be understood as a whole: else something else might go."""
    objects = [{"value": entry} if isinstance(entry, str) else entry for entry in listed(value)]
    members = [name for entry in objects if isinstance(entry, dict) for name in entry if entry[name] is not None]
    if any(spelled(name, MULTIPLE[kind]) is None for name in members):
        raise Refused("invalidFilter", "invalidPath", "invalidValue")
    wanted = entries_of(kind, value, one_primary=False)
    if not all(wanted):
        raise Refused("invalidValue")
    return wanted


def _holds(entry: Entry, wanted: Entry) -> bool:
    return all(folded(entry.get(name)) == folded(value) for name, value in wanted.items())


def lowered(operation: Document) -> Document:
    said = {name.lower(): value for name, value in operation.items()}
    return {**said, "op": str(said.get("op")).lower()}
