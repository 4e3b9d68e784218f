"""What identity providers really send becomes plain SCIM here; past this module nobody knows who called.

Each tolerance names the habit it answers. Everything else is left to the schema's own validation.
"""

from __future__ import annotations

from typing import Any

from scim import limits
from scim.attributes import MULTIPLE, READ_ONLY, UNKEPT
from scim.errors import refuse
from scim.resources import CORE_GROUP, CORE_USER, ENTERPRISE_USER, schemas_of

Body = dict[str, Any]

_BOOLEANS = {"true": True, "false": False}
_ENTERPRISE_SPELLINGS = {
    ENTERPRISE_USER.lower(),
    "urn:scim:schemas:extension:enterprise:1.0",  # SCIM 1.1 connectors that were moved to 2.0
    "urn:ietf:params:scim:schemas:extension:enterprise:1.0:user",
}


def plain_user(body: Body) -> Body:
    """A POST or PUT body of a User, ready for validation.

    Leaves out what clients may not set (SR-1, SR-8), and tolerates: `active` as a string (Entra ID), the manager
    as a plain id (Entra ID), one email as an object or string (OneLogin), missing or old `schemas` (OneLogin).
    """
    plain = {name: value for name, value in body.items() if name.lower() not in UNKEPT}
    plain = {_spelled(name): value for name, value in plain.items() if _is_kept(name)}
    require_few_values(plain)
    for name, value in plain.items():
        plain[name] = _plain_value(name, value)
    return {"schemas": schemas_of(plain), **plain}


def plain_group(body: Body) -> Body:
    """A POST or PUT body of a Group without its members, which are read apart."""
    kept = {"displayname": "displayName", "externalid": "externalId"}
    plain = {kept[name.lower()]: value for name, value in body.items() if name.lower() in kept}
    return {"schemas": [CORE_GROUP], **plain}


def require_few_values(document: Body) -> None:
    """Raises `tooMany` for more values than a user may have (SR-32, SR-34)."""
    lists = [value for name, value in document.items() if name.lower() in MULTIPLE and isinstance(value, list)]
    _require_few(lists)


def _require_few(lists: list[list[Any]]) -> None:
    if sum(map(len, lists)) > limits.VALUES:
        raise refuse("tooMany", f"The attributes of a user may hold at most {limits.VALUES} values together.")


def get(body: Body, name: str) -> Any:
    """A member by its name, case ignored (RFC 7643 section 2.1); None when absent."""
    return next((value for key, value in body.items() if key.lower() == name.lower()), None)


def plain_operations(body: Body) -> list[Body]:
    """The operations of a PATCH on a User: read-only parts of a value are left out, values made plain."""
    single = [each for operation in operations(body) for each in _by_selection(operation)]
    _require_few([operation["value"] for operation in single if isinstance(operation.get("value"), list)])
    return [plain for operation in single if (plain := _plain_operation(operation))]


def _by_selection(operation: Body) -> list[Body]:
    """Entra ID writes `emails[type eq "work"].value` as a name in a value without path: an operation of its own."""
    value = operation.get("value")
    if "path" in operation or not isinstance(value, dict):
        return [operation]
    selecting = [{**operation, "path": name, "value": item} for name, item in value.items() if "[" in name]
    rest = {name: item for name, item in value.items() if "[" not in name}
    return [{**operation, "value": rest}, *selecting] if rest else selecting


def operations(body: Body) -> list[Body]:
    """The PATCH operations with lower-case member names and op. Raises `invalidSyntax`, `tooMany`, `invalidValue`."""
    found = get(body, "Operations")
    if not isinstance(found, list) or not found:
        raise refuse("invalidSyntax", "Operations must be a list of one or more operations.")
    if len(found) > limits.PATCH_OPERATIONS:
        raise refuse("tooMany", f"A PATCH may hold at most {limits.PATCH_OPERATIONS} operations.")
    plain = [_operation(entry) for entry in found]
    _require_short_paths(plain)
    return plain


def _require_short_paths(operations: list[Body]) -> None:
    lengths = [len(operation.get("path", "").encode("utf-8", "replace")) for operation in operations]
    if max(lengths) > limits.FILTER_BYTES:
        raise refuse("invalidPath", f"A path may be at most {limits.FILTER_BYTES} bytes long.")
    if sum(lengths) > limits.PATCH_PATH_BYTES:
        raise refuse("tooMany", f"The paths of a PATCH may be at most {limits.PATCH_PATH_BYTES} bytes long together.")


def _operation(entry: Any) -> Body:
    if not isinstance(entry, dict):
        raise refuse("invalidSyntax", "Each operation must be an object with op, path and value.")
    operation = {name.lower(): value for name, value in entry.items()}
    op, path = operation.get("op"), operation.get("path")
    if not isinstance(op, str) or op.lower() not in {"add", "remove", "replace"}:
        raise refuse("invalidSyntax", "op must be add, remove or replace.")
    if path is not None and not isinstance(path, str):
        raise refuse("invalidPath", "path must be a string.")
    plain = {"op": op.lower(), **({"path": path.strip()} if path and path.strip() else {})}
    if "value" in operation:
        plain["value"] = operation["value"]
    if _lacks_value(plain):
        raise refuse("invalidValue", f"An operation {plain['op']} needs a value.")
    if plain["op"] == "remove" and "path" not in plain:
        raise refuse("noTarget", "An operation remove needs a path.")
    return plain


def _lacks_value(operation: Body) -> bool:
    """Null unassigns in a replace and is nothing to add; the filter of a path can name what to add."""
    if operation["op"] == "replace":
        return "value" not in operation
    names_it = "[" in operation.get("path", "") and "value" not in operation
    return operation["op"] == "add" and operation.get("value") is None and not names_it


def _plain_operation(operation: Body) -> Body | None:
    path, value = operation.get("path"), operation.get("value")
    if path is None or (path.lower() == CORE_USER.lower() and operation["op"] != "remove"):
        return {"op": operation["op"], "value": _plain_values(value)}
    path = _spelled(_without_core(path))
    name = path.lower()
    if name in {"password", "schemas"} or (name == "active" and (value is None or operation["op"] == "remove")):
        return None  # a status or password can't be taken away by a path (SCIM.md)
    plain = {**operation, "path": path}
    if path == ENTERPRISE_USER and value is None:
        plain["op"] = "remove"  # null is no value, and an extension without values is not there
    if plain["op"] == "remove" and name not in MULTIPLE:
        plain.pop("value", None)  # the path says it all; only of several values can a value name some
    if "value" in plain:
        plain["value"] = _plain_value(path, value)
    if plain["op"] == "remove":
        return _remove(plain)
    return {**plain, "op": "replace"} if plain.get("value") is None else plain  # adding "nothing" clears


def _remove(operation: Body) -> Body:
    """Entra ID names the values to remove by their members; a member that is null names nothing."""
    if isinstance(operation.get("value"), list):
        operation["value"] = [_without_nulls(entry) for entry in operation["value"]]
    return operation


def _without_nulls(entry: Any) -> Any:
    return {name: item for name, item in entry.items() if item is not None} if isinstance(entry, dict) else entry


def _without_core(path: str) -> str:
    """A path without the URN that may qualify an attribute of the core schema (RFC 7644 section 3.10)."""
    prefix = f"{CORE_USER}:"
    return path[len(prefix) :] if path.lower().startswith(prefix.lower()) else path


def _plain_values(value: Any) -> Any:
    """The value of an operation without path: an object of attributes, paths or extensions."""
    if not isinstance(value, dict):
        raise refuse("invalidValue", "The value of an operation without path must be an object.")
    named = {_spelled(_without_core(name)): item for name, item in unwrapped(value, CORE_USER).items()}
    return {name: _plain_value(name, item) for name, item in named.items() if _says_something(name, item)}


def _says_something(name: str, value: Any) -> bool:
    """What is read-only or not kept says nothing, nor does a null status: it is always true or false."""
    return _head(name) not in UNKEPT and not (name.lower() == "active" and value is None)


def _head(path: str) -> str:
    """What a path begins with: `meta.created` → `meta`; of a read-only extension's path its URN."""
    name = path.lower()
    if ":" not in name:
        return name.partition(".")[0]
    return next((urn for urn in READ_ONLY if name.startswith(f"{urn}:")), name)


def unwrapped(value: Body, core: str) -> Body:
    """Core attributes may stand under the core schema's URN, as an extension's do under theirs."""
    require_few_values(value)
    flat: Body = {}
    for name, item in value.items():
        is_core = name.lower() == core.lower() and isinstance(item, dict)
        flat |= item if is_core else {name: item}
    return flat


def _plain_value(name: str, value: Any) -> Any:
    lowered = name.lower()
    if lowered == "active":
        return _boolean(value)
    if lowered == ENTERPRISE_USER.lower():
        return _plain_extension(value)
    if lowered in {f"{ENTERPRISE_USER.lower()}:manager", "manager"}:
        return _manager(value)
    if lowered in MULTIPLE:
        return _values(value)
    return value


def _boolean(value: Any) -> bool | None:
    """Booleans and the strings true and false in any case (Entra ID); null says nothing (RFC 7643 section 2.5)."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise refuse("invalidValue", "active must be true or false.")


def _plain_extension(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _manager(item) if name.lower() == "manager" else item for name, item in value.items()}


def _manager(value: Any) -> Any:
    """Entra ID and Okta send the manager's id as a plain string, and an empty one to clear it."""
    if isinstance(value, str):
        return {"value": value} if value else None
    return value


def _values(value: Any) -> Any:
    """One value instead of a list of values, or bare strings instead of objects."""
    if isinstance(value, (dict, str)):
        value = [value]
    if not isinstance(value, list):
        return value
    return [{"value": item} if isinstance(item, str) else item for item in value if item is not None]


def _spelled(name: str) -> str:
    return ENTERPRISE_USER if name.lower() in _ENTERPRISE_SPELLINGS else name


def _is_kept(name: str) -> bool:
    """Unknown extensions are no error and are not kept."""
    return not name.lower().startswith("urn:") or name.lower() in _ENTERPRISE_SPELLINGS
