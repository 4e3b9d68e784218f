"""Everything an identity provider sent about a person, as readable lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from identity.models import SSOUser

SHOWN_AT_ONCE = 200  # characters of a value before the rest is collapsed
LONGEST = 10_000
MOST_VALUES = 50
_OURS = {"schemas", "id", "meta"}  # part of the response, not of the person


@dataclass(frozen=True, slots=True)
class Value:
    """A value as text; for a very long one the beginning, and its length."""

    text: str
    length: int

    @property
    def is_long(self) -> bool:
        return self.length > SHOWN_AT_ONCE

    @property
    def beginning(self) -> str:
        return f"{self.text[:SHOWN_AT_ONCE].rstrip()}…" if self.is_long else self.text

    @property
    def is_cut(self) -> bool:
        return self.length > LONGEST


@dataclass(frozen=True, slots=True)
class SentAttribute:
    """An attribute by its path in the record, with one or more values. `more` are not shown."""

    name: str
    values: list[Value]
    more: int = 0


def everything_sent(sso_user: SSOUser) -> list[SentAttribute]:
    """The whole record by name; an extension's attributes are prefixed by its URN."""
    kept = {
        "userName": sso_user.user_name,
        "externalId": sso_user.external_id,
        "active": sso_user.active,
        **dict(sorted(sso_user.attributes.items())),
    }
    return [
        attribute
        for name, value in kept.items()
        if name not in _OURS and value not in (None, "", [], {})
        for attribute in _attributes(name, value)
    ]


def _attributes(name: str, value: Any) -> Iterator[SentAttribute]:
    if isinstance(value, dict):
        separator = ": " if name.startswith("urn:") and ": " not in name else "."
        for part, inner in sorted(value.items()):
            yield from _attributes(f"{name}{separator}{part}", inner)
        return
    values = value if isinstance(value, list) else [value]
    yield SentAttribute(name, [_value(one) for one in values[:MOST_VALUES]], max(0, len(values) - MOST_VALUES))


def _value(value: Any) -> Value:
    text = (
        ", ".join(f"{part} {_text(value[part])}" for part in _ordered(value))
        if isinstance(value, dict)
        else _text(value)
    )
    return Value(text[:LONGEST], len(text))


def _ordered(value: dict[str, Any]) -> list[str]:
    """The value itself first; databases store objects in orders of their own."""
    first = ("value", "type", "primary")
    return [*filter(value.__contains__, first), *sorted(value.keys() - {*first})]


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False)
