"""Filters whose values are not in quotes, as authentik and Microsoft's own test collection send them.

`userName eq bjensen` is no filter by the RFC's grammar. Who looks somebody up so and gets a 400 never links the person
again, so a bare word is read as the string that it means.
"""

from __future__ import annotations

import json
import re

from scim.wire import limits
from scim.wire.errors import refuse

_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
_JOINTS = frozenset({"and", "or"})
_VALUES = frozenset({"true", "false", "null"})
_KEYWORDS = _OPERATORS | _JOINTS | {"not", "pr"}
_IS_BARE = re.compile(rf'\s(?:{"|".join(sorted(_OPERATORS))})\s+[^"\s]', re.IGNORECASE)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()\[\]]|[^\s()\[\]"]+|"')
_NUMBER = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")


def quoted(expression: str) -> str:
    """The filter with its bare words in quotes; numbers, true, false and null stay what they are.

    Raises 400 `invalidFilter` for what is neither a word nor a value.
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
    """Whether some value stands there without quotes."""
    return bool(_IS_BARE.search(expression))


def _value(word: str) -> str:
    if word[0] == '"' or word.lower() in _VALUES or _NUMBER.fullmatch(word):
        return word
    if word in "()[]" or word.lower() in _KEYWORDS or word[0] == "'" or _DATE.fullmatch(word):
        raise _unquoted()
    return json.dumps(word, ensure_ascii=False)


def _require_end(rest: str) -> None:
    """After a value the comparison is over: two words are no word."""
    following = _TOKEN.match(rest.lstrip())
    if following and following[0] not in {")", "]"} and following[0].lower() not in _JOINTS:
        raise _unquoted()


def _unquoted() -> Exception:
    return refuse("invalidFilter", 'Put the value in double quotes, as in userName eq "bjensen".')
