"""Values as they are kept for what a path names."""

from __future__ import annotations

from typing import Any

from tests.scim.patch_model.paths import CORE, KNOWN_TYPES, MANAGER, MULTIPLE, NAME, Entry, Refused, Target, spelled


def value_for(target: Target, value: Any) -> Any:
    """A value as it is kept for what the path names; None, an empty list and an empty manager unassign."""
    if value is None:
        return None
    if target.name == "active":
        return _boolean(value)
    if target.sub:
        return simple(target.name, target.sub, value)
    if target.name in MULTIPLE and target.urn == CORE:
        return _entry(target.name, value) if target.filter else entries_of(target.name, value)
    if target.name == "manager":
        return _manager(value)
    if target.name == "name":
        return _complex("name", NAME, value)
    return text_of(value)


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("invalidValue")
    return value


def _boolean(value: Any) -> bool:
    """Entra ID sends strings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise Refused("invalidValue")


def simple(name: str, sub: str, value: Any) -> Any:
    if value is None:
        return None
    if sub == "primary":
        return _boolean(value)
    text = text_of(value)
    return (spelled(text, KNOWN_TYPES.get(name, ())) or text) if sub == "type" else text


def _complex(name: str, subs: tuple[str, ...], value: Any) -> Entry:
    """Sub-attributes by their spelling; those that the schema does not know are ignored; None unassigns."""
    if not isinstance(value, dict):
        raise Refused("invalidValue")
    known = {spelled(key, subs): item for key, item in value.items()}
    if value and not any(known):
        raise Refused("invalidValue")
    return {sub: simple(name, sub, item) for sub, item in known.items() if sub}


def _entry(name: str, value: Any) -> Entry:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value == {}:
        raise Refused("invalidValue")
    return _complex(name, MULTIPLE[name], value)


def entries_of(name: str, value: Any, *, one_primary: bool = True) -> list[Entry]:
    """A list, or one value without its list; strings stand for their `value`."""
    entries = value if isinstance(value, list) else [value]
    plain = [_object(item) for item in entries]
    if [] in plain:
        raise Refused("invalidValue")
    found = [entry for item in plain if item is not None and (entry := without_nulls(_entry(name, item)))]
    if one_primary and sum(entry.get("primary") is True for entry in found) > 1:
        raise Refused("invalidValue")
    return found


def _object(item: Any) -> Any:
    if item == "" or isinstance(item, list):
        raise Refused("invalidValue")
    return {"value": item} if isinstance(item, str) else item


def _manager(value: Any) -> Entry | None:
    """Entra ID and Okta send the id alone, and an empty one to clear, or a list of one."""
    if isinstance(value, list) and len(value) == 1 and value != [{}]:
        value = value[0]
    if isinstance(value, str):
        return {"value": value} if value else None
    return _complex("manager", MANAGER, value)


def without_nulls(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value is not None}


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
