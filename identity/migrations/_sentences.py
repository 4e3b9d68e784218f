"""Sentences of refusals as they were written before they became data, and what they say.

The words stand in a file of their own, as they were. A sentence counts as read only if what was read makes the same
sentence again; every other stays as it is.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

WORDS: dict[str, str] = json.loads(Path(__file__).with_name("sentences_of_2026_11.json").read_text(encoding="utf-8"))

_PROBLEMS = [
    "too_long",
    "too_long_normalised",
    "piled_up",
    "white_space",
    "hidden_character",
    "shows_nothing",
    "direction_character",
    "control_character",
    "empty",
    "no_email_address",
    "needed_to_invite",
    "member_unknown",
    "member_is_group",
]


def _codes(*prefixes: str) -> list[str]:
    return [code for code in WORDS if code.startswith(prefixes)]


# Parameters that are data themselves, and what they can be.
_NESTED = {
    "problem": _PROBLEMS,
    "doing": _codes("doing."),
    "roles": [*_codes("role."), "either"],
    "one": [*_codes("role."), "either"],
    "other": _codes("role."),
    "whom": _codes("a_role."),
    "role": _codes("role."),
    "deed": _codes("owners_do."),
    "mode": _codes("mode."),
    "instead": _codes("instead."),
    "what": _codes("sent_"),
    "because": [*_codes("because.", "because_email."), "known_there_as"],
}
_NUMBERS = {"most", "number", "size"}
_COLLISIONS = ["permanent_username_of", "belongs_to", "exists", "reserved"]
_PARTS = {code for codes in _NESTED.values() for code in codes}


def _length(code: str) -> int:
    return sum(len(literal) for literal, *_ in Formatter().parse(WORDS[code]))


# The most telling first; what nearly anything could be comes last.
for _parts in _NESTED.values():
    _parts.sort(key=_length, reverse=True)
_ADVICE = sorted(_codes("sso.advice."), key=_length, reverse=True)
_SENTENCES = sorted(set(WORDS) - _PARTS - set(_ADVICE) - {"invalid", "scim.at"}, key=_length, reverse=True)


def read(sentence: str) -> dict[str, Any] | None:
    """What a sentence says, as data; None for one that is not known."""
    return _read(sentence, tuple(_SENTENCES)) or _read(sentence, ("invalid", "scim.at"))


def read_problem(text: str) -> dict[str, Any] | None:
    return _read(text, tuple(_PROBLEMS))


def read_advice(sentence: str) -> dict[str, Any] | None:
    return _read(sentence, tuple(_ADVICE))


@lru_cache(maxsize=10_000)
def _read(text: str, codes: Iterable[str]) -> dict[str, Any] | None:
    for code in codes:
        found = _pattern(code).fullmatch(text)
        params = None if found is None else _params(code, found.groupdict())
        if params is not None:
            data = {"say": code, "with": params} if params else {"say": code}
            if written(data) == text:
                return data
    return None


@lru_cache(maxsize=1000)
def _pattern(code: str) -> re.Pattern[str]:
    parts, named = [], set()
    for literal, name, *_ in Formatter().parse(WORDS[code]):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in named else f"(?P<{name}>{_shape(code, name)})")
            named.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _shape(code: str, name: str) -> str:
    """How a parameter looks: any text, or one of the parts that it can be."""
    parts = _parts_of(code, name)
    if not parts:
        return r"\S*?" if code == "scim.at" and name == "path" else ".*?"
    words = [*(WORDS[part] for part in parts), *_nothing(name)]
    return "|".join("".join(_wild(*piece) for piece in Formatter().parse(text)) for text in words)


def _wild(literal: str, name: str | None, *_: object) -> str:
    return re.escape(literal) + (".*?" if name is not None else "")


def _nothing(name: str) -> list[str]:
    return [""] if name == "because" else []


def _parts_of(code: str, name: str) -> list[str]:
    """The codes of a parameter that is data itself; none for text. What is gone is the kind of a row."""
    if name == "what" and code in {"gone", "can_be_resolved"}:
        return _COLLISIONS if code == "can_be_resolved" else []
    return _NESTED.get(name, [])


def _params(code: str, found: dict[str, str]) -> dict[str, Any] | None:
    """The parameters with their types; None if a part is not known."""
    forms = {name: (spec, form) for _, name, spec, form in Formatter().parse(WORDS[code]) if name is not None}
    params = {name: _param(code, name, text, *forms[name]) for name, text in found.items()}
    return None if None in params.values() else params


def _param(code: str, name: str, text: str, spec: str | None, form: str | None) -> Any:
    if name == "because" and not text:
        return {"say": "because.other_username"} if code == "exists" else ""
    if code == "scim.at" and name == "detail":
        return read(text)
    if parts := _parts_of(code, name):
        return _read(text, tuple(parts))
    if form == "r":
        return _unquoted(text)
    if spec == ",":
        return int(text.replace(",", "")) if text.replace(",", "").isdecimal() else None
    return int(text) if name in _NUMBERS and text.isascii() and text.isdecimal() else text


def _unquoted(text: str) -> str | None:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
    return value if isinstance(value, str) else None


def written(data: Any) -> str:
    """The sentence again. A code of a later version, which had no sentence then, stands for itself."""
    if not isinstance(data, dict):
        return ", ".join(map(written, data)) if isinstance(data, list) else str(data)
    if data["say"] not in WORDS:
        return str(data["say"])
    params = {name: value if isinstance(value, int) else written(value) for name, value in data.get("with", {}).items()}
    return WORDS[data["say"]].format_map(params)
