"""Turns what identity providers really send into plain SCIM; past this module no code knows which IdP called.

Each tolerance names the habit it handles. Shapes and paths are read by `scim.wire.shapes`; everything else is left to
the schema's own validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scim.wire import limits
from scim.wire.attributes import MULTIPLE, UNKEPT
from scim.wire.errors import RequestRefused, refuse
from scim.wire.resources import CORE_GROUP, ENTERPRISE_USER, schemas_of
from scim.wire.shapes import GROUP, USER, LeftOut, Place, Schema, parsed
from scim.wire.words import Wire

Body = dict[str, Any]


def plain_user(body: Body, left_out: LeftOut) -> Body:
    """A POST or PUT body of a User, ready for validation.

    Removes what clients may not set (SR-1, SR-8), and tolerates: `active` as a string (Entra ID), the manager
    as a plain id (Entra ID), one email as an object or string (OneLogin), missing or old `schemas` (OneLogin),
    attributes by their paths, and values as JSON text.
    """
    require_schemas(body)
    require_few_values(body)
    plain: Body = {}
    for name, value in USER.named(body):
        take(plain, name, value, left_out, USER)
    require_few_values(plain)
    return {"schemas": schemas_of(plain), **plain}


def plain_group(body: Body, left_out: LeftOut) -> Body:
    """A POST or PUT body of a Group; its members are read separately, as sent."""
    require_schemas(body)
    plain: Body = {}
    for name, value in GROUP.named(body):
        take(plain, name, value, left_out, GROUP)
    return {"schemas": [CORE_GROUP], **plain}


def take(plain: Body, name: str, value: Any, left_out: LeftOut, schema: Schema) -> None:
    """Store the value of one body member where its name points. Raises `invalidValue`, `invalidPath`."""
    place = schema.place_of_name(name)
    if place is None:
        left_out.unknown(name)
    elif place.head not in UNKEPT and not (value is None and not place.steps):
        _put(plain, place, value if place.head == "members" else place.read(value, left_out), name)


def _put(plain: Body, place: Place, value: Any, name: str) -> None:
    """`name.givenName` goes into `name`; a path that selects among values has no place in a whole resource."""
    multiple = MULTIPLE.get(place.head)
    if place.selects or not place.steps or (multiple and len(place.steps) > 1):
        raise refuse("invalidPath", Wire.PATH_IN_BODY(name=name[:80]))
    *heads, last = place.steps
    home = plain
    for head in heads:
        home[head] = home.get(head) or {}  # already read: an object, or None
        home = home[head]
    if isinstance(value, dict) and isinstance(home.get(last), dict):
        value = {**home.pop(last), **value}
    if home.get(last) is not None:
        raise refuse("invalidSyntax", Wire.ATTRIBUTE_TWICE(name=last))
    home[last] = value


def require_schemas(body: Body) -> None:
    """URNs in a list; missing, empty and old ones are tolerated, and a single string (OneLogin)."""
    said = get(body, "schemas")
    urns = [said] if isinstance(said, str) else [] if said is None else said
    if not isinstance(urns, list) or not all(isinstance(urn, str) for urn in urns):
        raise refuse("invalidValue", Wire.SCHEMAS_NOT_A_LIST())


def require_few_values(document: Body) -> None:
    """Raises `tooMany` for more values than a user may have (SR-32, SR-34)."""
    lists = [value for name, value in document.items() if name.lower() in MULTIPLE and isinstance(value, list)]
    _require_few(lists)


def _require_few(lists: list[list[Any]]) -> None:
    if sum(map(len, lists)) > limits.VALUES:
        raise refuse("tooMany", Wire.TOO_MANY_VALUES(most=limits.VALUES))


def get(body: Body, name: str) -> Any:
    """A member by its name, case ignored (RFC 7643 section 2.1); None when absent."""
    return next((value for key, value in body.items() if key.lower() == name.lower()), None)


# --- PATCH --------------------------------------------------------------------------------------------------


def plain_operations(body: Body, left_out: LeftOut) -> list[Body]:
    """The operations of a PATCH on a User: read-only parts of a value are removed, values made plain."""
    plain = [each for operation in operations(body) for each in _plain_operation(operation, left_out)]
    _require_few([operation["value"] for operation in plain if isinstance(operation.get("value"), list)])
    for operation in plain:
        if "path" not in operation:
            require_few_values(operation["value"])
    return plain


def readable_operations(body: Body, left_out: LeftOut) -> list[Body]:
    """The same, one operation per attribute; unreadable ones are left out and noted (R2)."""
    given: list[Body] = []
    for entry in _entries(body):
        given += _or_noted(left_out, "An operation", lambda entry: [_operation(entry)], entry)
    if given:
        _require_short_paths(given)
    plain: list[Body] = []
    for operation in given:
        for single in _or_noted(left_out, operation.get("path", "value"), _singles, operation):
            name = single.get("path") or next(iter(single["value"]))
            plain += _or_noted(left_out, name, _plain_operation, single, left_out)
    return plain


def _or_noted(left_out: LeftOut, name: str, read: Callable[..., list[Body]], *arguments: Any) -> list[Body]:
    try:
        return read(*arguments)
    except RequestRefused as error:
        left_out.refused(name, error)
        return []


def _singles(operation: Body) -> list[Body]:
    """One operation for each attribute of a value without path."""
    place = USER.place(operation["path"]) if "path" in operation else Place(USER.core)
    if place is None or place.steps or operation["op"] == "remove":
        return [operation]
    return [{"op": operation["op"], "value": {name: item}} for name, item in named(operation)]


def operations(body: Body) -> list[Body]:
    """The PATCH operations with lower-case member names and op. Raises `invalidSyntax`, `tooMany`, `invalidValue`.

    An empty list changes nothing: Entra ID's validator sends one.
    """
    require_schemas(body)
    plain = [_operation(entry) for entry in _entries(body)]
    _require_short_paths(plain)
    return plain


def _entries(body: Body) -> list[Any]:
    found = get(body, "Operations")
    if not isinstance(found, list):
        raise refuse("invalidSyntax", Wire.OPERATIONS_NOT_A_LIST())
    if len(found) > limits.PATCH_OPERATIONS:
        raise refuse("tooMany", Wire.TOO_MANY_OPERATIONS(most=limits.PATCH_OPERATIONS))
    return found


def _require_short_paths(operations: list[Body]) -> None:
    lengths = [len(operation.get("path", "").encode("utf-8", "replace")) for operation in operations]
    if max(lengths, default=0) > limits.FILTER_BYTES:
        raise refuse("invalidPath", Wire.PATH_TOO_LONG(most=limits.FILTER_BYTES))
    if sum(lengths) > limits.PATCH_PATH_BYTES:
        raise refuse("tooMany", Wire.PATHS_TOO_LONG(most=limits.PATCH_PATH_BYTES))


def _operation(entry: Any) -> Body:
    if not isinstance(entry, dict):
        raise refuse("invalidSyntax", Wire.OPERATION_NOT_AN_OBJECT())
    operation = {name.lower(): value for name, value in entry.items()}
    op, path = operation.get("op"), operation.get("path")
    if not isinstance(op, str) or op.lower() not in {"add", "remove", "replace"}:
        raise refuse("invalidSyntax", Wire.OP_UNKNOWN())
    if path is not None and not isinstance(path, str):
        raise refuse("invalidPath", Wire.PATH_NOT_A_STRING())
    plain = {"op": op.lower(), **({"path": path.strip()} if path and path.strip() else {})}
    if "value" in operation:
        plain["value"] = operation["value"]
    if _lacks_value(plain):
        raise refuse("invalidValue", Wire.VALUE_NEEDED(op=plain["op"]))
    if plain["op"] == "remove" and "path" not in plain:
        raise refuse("noTarget", Wire.PATH_NEEDED())
    return plain


def _lacks_value(operation: Body) -> bool:
    """Null is a value: it clears in a replace and adds nothing. The filter of a path can say what to add."""
    if "value" in operation or operation["op"] == "remove":
        return False
    return not (operation["op"] == "add" and "[" in operation.get("path", ""))


def _plain_operation(operation: Body, left_out: LeftOut) -> list[Body]:
    """The operation as plain ones: none if it has no effect, several for a value without path."""
    place = USER.place(operation["path"]) if "path" in operation else Place(USER.core)
    if place is None:
        left_out.unknown(operation["path"])
        return []
    if not place.steps and operation["op"] != "remove":
        return _without_path(operation, left_out)
    if not _says_something(place, operation):
        return []
    if ":" in place.head and place.head in UNKEPT:
        raise refuse("mutability", Wire.READ_ONLY(path=place.path[:80]))
    if place.head in UNKEPT or not place.steps:
        return [operation]  # refused by the library, which knows which are read-only
    if operation["op"] == "remove":
        return [_remove(operation, place, left_out)]
    if place.head == ENTERPRISE_USER.lower() and len(place.steps) == 1:
        return _with_extension(operation, left_out)
    return [_write(operation, place, left_out)]


def _says_something(place: Place, operation: Body) -> bool:
    """Adding null has no effect; a status or password can't be removed by a path (docs/design/scim.md)."""
    is_null = "value" in operation and operation["value"] is None
    if not place.steps:
        return not is_null or operation["op"] == "remove"
    if place.head == "active":
        return not is_null and operation["op"] != "remove"
    return place.head not in {"password", "schemas"} and not (is_null and operation["op"] == "add")


def _write(operation: Body, place: Place, left_out: LeftOut) -> Body:
    plain = {**operation, "path": place.path}
    if "value" in operation:
        plain["value"] = _read(operation, place, left_out)
    return {**plain, "op": "replace"} if plain.get("value") is None else plain  # an empty manager clears


def _read(operation: Body, place: Place, left_out: LeftOut) -> Any:
    value = place.read(operation["value"], left_out)
    return _additions(value) if operation["op"] == "add" else value


def _additions(value: Any) -> Any:
    """What is added: nulls are dropped, at any depth."""
    if isinstance(value, list):
        return [_additions(each) for each in value]
    if isinstance(value, dict):
        return {name: _additions(item) for name, item in value.items() if item is not None}
    return value


def _remove(operation: Body, place: Place, left_out: LeftOut) -> Body:
    """Entra ID names the values to remove by their members; otherwise the path says it all."""
    plain = {name: item for name, item in operation.items() if name != "value"} | {"path": place.path}
    value = operation.get("value")
    if value is None or place.steps == (ENTERPRISE_USER,):
        return plain
    if not place.shape or not place.shape.multiple or place.selects:
        place.read(value, left_out)
        return plain
    return {**plain, "value": _values_to_remove(place, value)}


def _values_to_remove(place: Place, value: Any) -> list[Any]:
    """A remove must be understood completely: otherwise the wrong values might go."""
    if value == "":
        return []
    unread = LeftOut()
    named = place.read(value, unread)
    if unread.told():
        raise refuse("invalidValue", Wire.REMOVES_BY_UNKNOWN(name=unread.told()[0].attribute))
    if not named and value != []:
        raise refuse("invalidValue", Wire.REMOVES_NOTHING(path=place.path[:80]))
    return [_without_nulls(entry) for entry in named]


def _without_nulls(entry: Any) -> Any:
    """A null member has no value."""
    return {name: item for name, item in entry.items() if item is not None} if isinstance(entry, dict) else entry


def _with_extension(operation: Body, left_out: LeftOut) -> list[Body]:
    """An extension as a whole; null is no value, and an extension without values is absent."""
    value = operation["value"]
    if value is None:
        return [{"op": "remove", "path": ENTERPRISE_USER}]
    return _without_path({"op": operation["op"], "value": {ENTERPRISE_USER: value}}, left_out)


def _without_path(operation: Body, left_out: LeftOut) -> list[Body]:
    """The value of an operation without path: an object of attributes, paths or extensions.

    Entra ID writes `emails[type eq "work"].value` as a name in it: an operation of its own, after the others.
    """
    op = operation["op"]
    rest: Body = {}
    selecting: list[Body] = []
    for name, item in named(operation):
        place = USER.place_of_name(name)
        if place is None:
            left_out.unknown(name)
        elif place.head in UNKEPT or not _says_something(place, {"op": op, "value": item}):
            continue
        elif not place.steps:
            place.read(item, left_out)  # the core schema's URN over what is no object: refused
        elif place.selects:
            selecting += [_write({"op": op, "value": item}, place, left_out)]
        elif place.path in rest:
            raise refuse("invalidSyntax", Wire.VALUE_NAMES_TWICE(path=place.path[:80]))
        else:
            rest[place.path] = _read({"op": op, "value": item}, place, left_out)
    return [{"op": op, "value": rest}, *selecting] if rest else selecting


def named(operation: Body, schema: Schema = USER) -> Iterator[tuple[str, Any]]:
    """The members of the value of an operation without path."""
    value = parsed(operation.get("value"), "value")
    if not isinstance(value, dict):
        raise refuse("invalidValue", Wire.VALUE_NOT_AN_OBJECT())
    require_few_values(value)
    return schema.named(value)
