"""Messages as data: a code with parameters is stored, and turned into words when displayed."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from enum import Enum
from typing import Any, TypeVar

Data = dict[str, Any]
_FIELD = re.compile(r"\{(\w+)[^}]*\}")
K = TypeVar("K", bound=Hashable)

_HOME: dict[str, str] = {}  # every code and its words, with the names of the parameters in braces


class Sentence(str):
    """A sentence, or a part of one, that knows its code and parameters: `data` is what is stored."""

    data: Data


class Words(Enum):
    """A catalogue of messages: members are (code, words); calling one with its parameters gives the sentence."""

    def __init__(self, code: str, words: str) -> None:
        _enter(code, words)

    def __call__(self, **params: object) -> Sentence:
        code, _ = self.value
        return _said(code, params)


def table(prefix: str, words: Mapping[K, str]) -> dict[K, Sentence]:
    """The same for a table of words: one code for each key."""
    for key, text in words.items():
        _enter(f"{prefix}.{key}", text)
    return {key: _said(f"{prefix}.{key}", {}) for key in words}


def as_data(text: str) -> Data | str:
    """What is stored; foreign text, such as a library's, is kept as it is."""
    return text.data if isinstance(text, Sentence) else str(text)


def worded(data: object) -> str:
    """Stored data in words. A code known only to another version is shown as it is."""
    match data:
        case {"say": str(code)} if code not in _HOME:
            return f"{code.rpartition('.')[2].replace('_', ' ').capitalize()}."
        case {"say": str(code), **rest}:
            params = rest.get("with")
            return _in_words(_HOME[code], params if isinstance(params, dict) else {})
        case list():
            return ", ".join(map(worded, data))
    return str(data)


def worded_values(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details, with each code among the values turned into words."""
    return {
        name: worded(value) if isinstance(value, dict) and "say" in value else value for name, value in details.items()
    }


def _enter(code: str, words: str) -> None:
    if _HOME.setdefault(code, words) != words:
        raise ValueError(f"{code} is said in two ways")


def _said(code: str, params: Mapping[str, object]) -> Sentence:
    stored = {name: _stored(value) for name, value in params.items()}
    said = Sentence(_in_words(_HOME[code], stored))
    said.data = {"say": code, "with": stored} if stored else {"say": code}
    return said


def _stored(value: object) -> Any:
    match value:
        case Sentence():
            return value.data
        case bool() | int():
            return value
        case list() | tuple():
            return [_stored(one) for one in value]
    return str(value)


class _Shown(dict[str, Any]):
    """Parameters as they are filled in, with a fallback for one that another version calls differently."""

    def __missing__(self, name: str) -> str:
        return "…"


def _in_words(words: str, params: Mapping[str, Any]) -> str:
    shown = _Shown({name: value if isinstance(value, int) else worded(value) for name, value in params.items()})
    try:
        return words.format_map(shown)
    except ValueError:  # a number that another version stores as text
        return _FIELD.sub(lambda found: str(shown[found[1]]), words)
