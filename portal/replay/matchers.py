"""Compares an answer with what a scenario expects: literals and matchers (README.md, File format)."""

import json
import re
from collections.abc import Callable
from typing import Any

MISSING = object()


class Differs(AssertionError):
    """The answer is not what the step expects."""


def check(got: Any, wanted: Any, where: str) -> None:
    """Raise Differs unless `got` equals the literal, or satisfies the matchers, in `wanted`."""
    if not is_matcher(wanted):
        if not same(got, wanted):
            raise Differs(f"{where}: expected {show(wanted)}, got {show(got)}")
        return
    for name, argument in wanted.items():
        if name not in MATCHERS:
            raise Differs(f"{where}: unknown matcher {name}")
        if not MATCHERS[name](got, argument):
            raise Differs(f"{where}: expected {show({name: argument})}, got {show(got)}")


def is_matcher(wanted: Any) -> bool:
    return isinstance(wanted, dict) and bool(wanted) and all(key.startswith("$") for key in wanted)


def pointer(document: Any, path: str) -> Any:
    """The value at a JSON pointer (RFC 6901), MISSING if there is none."""
    for token in path.lstrip("/").split("/") if path else []:
        document = step_into(document, token.replace("~1", "/").replace("~0", "~"))
    return document


def step_into(document: Any, token: str) -> Any:
    match document:
        case dict():
            return document.get(token, MISSING)
        case list() if token.isdecimal() and int(token) < len(document):
            return document[int(token)]
        case _:
            return MISSING


def same(got: Any, wanted: Any) -> bool:
    """Equal, and a boolean only to a boolean: in Python, True equals 1."""
    return isinstance(got, bool) == isinstance(wanted, bool) and got == wanted


def holds_at_least(got: Any, wanted: Any) -> bool:
    """Whether `got` contains everything that `wanted` names."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(key in got and holds_at_least(got[key], value) for key, value in wanted.items())
    return got == wanted and type(got) is type(wanted)


def contains(got: Any, item: Any) -> bool:
    return isinstance(got, list) and any(holds_at_least(one, item) for one in got)


def exists(got: Any, expected: Any) -> bool:
    return (got is not MISSING and got not in (None, "")) == bool(expected)


def length(got: Any) -> int:
    return 0 if got in (MISSING, None) else len(got)


def is_integer(got: Any) -> bool:
    return isinstance(got, int) and not isinstance(got, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda got: isinstance(got, str),
    "boolean": lambda got: isinstance(got, bool),
    "integer": is_integer,
    "number": lambda got: is_integer(got) or isinstance(got, float),
    "array": lambda got: isinstance(got, list),
    "object": lambda got: isinstance(got, dict),
}

MATCHERS: dict[str, Callable[[Any, Any], bool]] = {
    "$exists": exists,
    "$absent": lambda got, _: got is MISSING or got is None,
    "$emptyOrAbsent": lambda got, _: got is MISSING or got in (None, [], {}, ""),
    "$len": lambda got, count: length(got) == int(count),
    "$maxLen": lambda got, count: length(got) <= int(count),
    "$gte": lambda got, least: is_integer(got) and got >= int(least),
    "$in": lambda got, choices: any(same(got, choice) for choice in choices),
    "$ne": lambda got, other: got is not MISSING and not same(got, other),
    "$ieq": lambda got, text: isinstance(got, str) and got.lower() == str(text).lower(),
    "$regex": lambda got, pattern: isinstance(got, str) and re.search(pattern, got) is not None,
    "$type": lambda got, kind: TYPES[kind](got),
    "$contains": contains,
    "$notContains": lambda got, item: got is MISSING or got is None or not_in_list(got, item),
}


def not_in_list(got: Any, item: Any) -> bool:
    return isinstance(got, list) and not contains(got, item)


def show(value: Any, limit: int = 160) -> str:
    """A value as shown in a failure message."""
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[:limit]}..."
