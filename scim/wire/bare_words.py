"""Filters with unquoted values, as sent by authentik and Microsoft's own test collection.

`userName eq bjensen` is not a filter in the RFC's grammar. A client that gets a 400 for it never links the user
again, so a bare word is read as a string.
"""

from __future__ import annotations

import json
import re

from scim.wire import limits
from scim.wire.errors import refuse
from scim.wire.words import Wire

_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_JOINTS = frozenset({"and", "or"})
_VALUES = frozenset({"true", "false", "null"})
_KEYWORDS = _OPERATORS | _JOINTS | {"not", "pr"}
_IS_BARE = re.compile(rf'\s(?:{"|".join(sorted(_OPERATORS))})\s+[^"\s]', re.IGNORECASE)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]]|[^\s()\[\]"]+|"')
_NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")


def quoted(expression: str) -> str:
    """The filter with its bare words quoted; numbers, true, false and null stay as they are.

    Raises 400 `invalidFilter` for anything that is neither a word nor a value.
    """
    if len(expression) > limits.FILTER_BYTES or not _IS_BARE.search(expression):
        return expression
    pieces, end, before = [], 0, ""
    for found in _TOKEN.finditer(expression):
        token = found[0]
        if before.lower() in _OPERATORS:
            _require_end(expression[found.end() :])
            pieces += [expression[end : found.start()], _value(token)]
            end, before = found.end(), ""
        else:
            before = token
    return "".join([*pieces, expression[end:]])


def is_value_bare(expression: str) -> bool:
    """Whether any value is unquoted."""
    return bool(_IS_BARE.search(expression))


def _value(word: str) -> str:
    if word[0] == '"' or word.lower() in _VALUES or _NUMBER.fullmatch(word):
        return word
    if word in "()[]" or word.lower() in _KEYWORDS or word[0] == "'" or _DATE.fullmatch(word):
        raise _unquoted()
    return json.dumps(word, ensure_ascii=False)


def _require_end(rest: str) -> None:
    """A comparison ends after its value: two words are not one."""
    following = _TOKEN.match(rest.lstrip())
    if following and following[0] not in {")", "]"} and following[0].lower() not in _JOINTS:
        raise _unquoted()


def _unquoted() -> Exception:
    return refuse("invalidFilter", Wire.FILTER_WITHOUT_QUOTES())
