"""The groups claim in all the shapes that identity providers use (R21)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# Keys that identify a group given as an object: an id first, since names may change.
IDS = ("value", "id", "externalId", "objectId")
NAMES = ("display", "displayName", "display_name", "name", "cn", "group", "role")
LISTS = ("groups", "roles", "values")  # Keycloak's realm_access, for one

MOST_GROUPS = 10_000

Group = tuple[str, ...]  # an id or a name, or both: the first known one counts
IsKnown = Callable[[str], bool]


class UnreadableClaim(Exception):
    """A claim with content that does not name groups: never to be read as "no groups"."""


def read_groups(claim: Any, is_known: IsKnown) -> list[Group]:
    """The groups named by a claim that is present; an absent claim is not the same as an empty one.

    A list of strings, numbers or objects; a string with one group, several after commas or semicolons (unless the whole
    is a group that `is_known`), or JSON; an object of objects by name (Zitadel's roles). Anything else is
    UnreadableClaim.
    """
    groups = _groups(claim, is_known)
    if len(groups) > MOST_GROUPS:
        raise UnreadableClaim(f"more than {MOST_GROUPS} groups")
    return groups


def is_readable(claim: Any) -> bool:
    """Whether it names groups, or none, regardless of which are known."""
    try:
        read_groups(claim, lambda text: False)
    except UnreadableClaim:
        return False
    return True


def _groups(claim: Any, is_known: IsKnown) -> list[Group]:
    if isinstance(claim, list):
        alone = len(claim) == 1 and isinstance(claim[0], str)  # a SAML attribute is always a list
        return _in_text(claim[0], is_known) if alone else [_group(item) for item in claim]
    if isinstance(claim, str):
        return _in_text(claim, is_known)
    if isinstance(claim, dict):
        return _in_object(claim, is_known)
    return [_group(claim)]


def _in_text(text: str, is_known: IsKnown) -> list[Group]:
    if is_known(text):
        return [(text,)]
    if text.lstrip()[:1] in {"[", "{"} and (found := _json(text)) is not None:
        return _groups(found, is_known)
    if separator := _separator(text):
        return [_group(part) for part in text.split(separator) if part.strip()] or [_group("")]
    return [_group(text)]


def _separator(text: str) -> str:
    """OneLogin separates roles by semicolons; a distinguished name contains commas."""
    if ";" in text:
        return ";"
    return "" if "=" in text else ","


def _json(text: str) -> Any:
    """None for text that only starts like JSON: a name may be in brackets."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _in_object(claim: dict[str, Any], is_known: IsKnown) -> list[Group]:
    listed = [claim[name] for name in LISTS if isinstance(claim.get(name), list)]
    if len(listed) == 1:
        return _groups(listed[0], is_known)
    if claim and all(isinstance(value, dict) for value in claim.values()):
        return [_group(name) for name in claim]
    return [_group(claim)]


def _group(item: Any) -> Group:
    match item:
        case str() if item.strip():
            return (item.strip(),)
        case bool():
            raise UnreadableClaim("true or false")
        case int():
            return (str(item),)
        case dict():
            return _named(item)
    raise UnreadableClaim("nothing that names a group")


def _named(item: dict[str, Any]) -> Group:
    found = [item[name] for name in (*IDS, *NAMES) if isinstance(item.get(name), str | int)]
    names = tuple(name for value in found for name in _group(value))
    if not names:
        raise UnreadableClaim("an object without a name")
    return names
