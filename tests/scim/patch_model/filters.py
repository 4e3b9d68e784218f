"""Filters in paths."""

from __future__ import annotations

import re
from typing import Any

from tests.scim.patch_model.paths import Entry, Refused, Test, spelled

_COMPARISON = re.compile(
    r'^(?P<sub>\w+) (?:(?P<present>pr)|(?P<op>eq|ne|co|sw|ew) (?P<value>"[^"]*"|true|false))$', re.IGNORECASE
)


def condition_of(text: str, subs: tuple[str, ...]) -> Test:
    """`a eq "x" and not (b pr) or …`: `or` binds weakest (RFC 7644 section 3.4.2.2)."""
    alternatives = [[_term(term, subs) for term in part.split(" and ")] for part in text.split(" or ")]
    return lambda entry: any(all(term(entry) for term in terms) for terms in alternatives)


def _term(text: str, subs: tuple[str, ...]) -> Test:
    if text.lower().startswith("not (") and text.endswith(")"):
        inner = _term(text[5:-1], subs)
        return lambda entry: not inner(entry)
    sub, op, wanted = _comparison(text, subs)
    absent = False if sub == "primary" and op != "pr" else None  # RFC 7643 section 2.4
    return lambda entry: _compare(entry.get(sub, absent), op, wanted)


def _comparison(text: str, subs: tuple[str, ...]) -> tuple[str, str, Any]:
    found = _COMPARISON.match(text)
    sub = spelled(found["sub"], subs) if found else None
    if found is None or sub is None:
        raise Refused("invalidFilter", "invalidPath")
    return sub, (found["op"] or "pr").lower(), _literal(found["value"])


def _literal(text: str | None) -> Any:
    if text is None:
        return None
    return text.lower() == "true" if text.lower() in {"true", "false"} else text.strip('"')


def _compare(value: Any, op: str, wanted: Any) -> bool:
    """No attribute of these entries is caseExact. A missing value equals nothing."""
    value, wanted = folded(value), folded(wanted)
    match op:
        case "pr":
            return value not in (None, "")
        case "eq":
            return bool(value == wanted)
        case "ne":
            return bool(value != wanted)
    if value is None:
        return False
    return {"co": wanted in value, "sw": value.startswith(wanted), "ew": value.endswith(wanted)}[op]


def folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def described(text: str, subs: tuple[str, ...]) -> Entry | None:
    """The entry that an unmatched filter describes, as Entra ID expects it to be made; None when it describes none.

    Only equalities joined by `and` do, and none that looks for a value: `[value eq "x"]` means an entry that exists,
    as does `[primary eq false]`, which most entries are.
    """
    if " or " in text or "not (" in text.lower():
        return None
    terms = [_comparison(term, subs) for term in text.split(" and ")]
    if any(op != "eq" or sub == "value" or wanted is False for sub, op, wanted in terms):
        return None
    return {sub: wanted for sub, _, wanted in terms}
