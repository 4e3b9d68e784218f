"""What hypothesis makes up: filters on every attribute that is published, and the many ways to spell each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.scim.filter_model import Attribute, Compare, Document, Filter, Joined, Negated, Present, Selects

WORDS = (
    *("ann", "Ann", "ANNA", "bo", "b%", "b_", "a\\b", 'q"q', "x y", "1", "10", "true"),
    *("é", "É", "ß", "ss", "ﬁ", "😀"),
)
MOMENTS = ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2020-01-01T00:00:00Z", "2100-01-01T00:00:00.5Z")

_EQUALITY = ("eq", "ne")
_ORDER = ("gt", "ge", "lt", "le")
_TEXT = (*_EQUALITY, *_ORDER, "co", "sw", "ew")
_OPERATORS = {
    "boolean": _EQUALITY,
    "binary": _EQUALITY,
    "dateTime": (*_EQUALITY, *_ORDER),
    "string": _TEXT,
    "reference": _TEXT,
}


# --- filters ----------------------------------------------------------------------------------------------------------


class Filters:
    """Filters over these attributes, with operands that occur in these resources, or nearly so."""

    def __init__(self, attributes: Sequence[Attribute], documents: Sequence[Document]) -> None:
        self._attributes = list(attributes)
        self._documents = documents

    def all(self) -> SearchStrategy[Filter]:
        """Comparisons, presence and value paths, joined by and, or and not."""
        simple = [one for one in self._attributes if one.kind != "complex"]
        complexes = [one for one in self._attributes if one.kind == "complex"]
        multiples = [one for one in complexes if one.is_multiple]
        compared_whole = [one for one in complexes if not _has_value(self._subs(one))]
        comparison = st.sampled_from(simple).flatmap(lambda one: _comparison(one, self._values(one)))
        return _logic(
            st.one_of(
                comparison,
                comparison,
                st.sampled_from(multiples).flatmap(self._selection),
                st.sampled_from(self._attributes).map(Present),
                st.builds(Compare, st.sampled_from(compared_whole), st.sampled_from(_EQUALITY), st.none()),
            ),
            leaves=5,
        )

    def _selection(self, attribute: Attribute) -> SearchStrategy[Filter]:
        """Between the brackets a sub-attribute stands alone, and looks at one value."""
        values = {_inside(sub): self._values(sub) for sub in self._subs(attribute)}
        inside = st.sampled_from(list(values))
        comparison = inside.flatmap(lambda one: _comparison(one, values[one]))
        terms = st.one_of(comparison, comparison, inside.map(Present))
        return st.builds(Selects, st.just(attribute), _logic(terms, leaves=3))

    def _subs(self, attribute: Attribute) -> list[Attribute]:
        return [one for one in self._attributes if one.sub and (one.urn, one.name) == (attribute.urn, attribute.name)]

    def _values(self, attribute: Attribute) -> list[Any]:
        return [value for document in self._documents for value in attribute.values(document)]


def _has_value(subs: list[Attribute]) -> bool:
    """A comparison with `emails` is one with `emails.value`; with others only null is compared."""
    return bool(subs) and subs[0].is_multiple and any(one.sub == "value" for one in subs)


def _inside(sub: Attribute) -> Attribute:
    return Attribute(
        urn="", is_extension=False, name=sub.sub, sub="", kind=sub.kind, is_multiple=False, case_exact=sub.case_exact
    )


def _comparison(attribute: Attribute, values: list[Any]) -> SearchStrategy[Filter]:
    ops = st.sampled_from(_OPERATORS[attribute.kind])
    told = st.builds(Compare, st.just(attribute), ops, _operands(attribute, values))
    with_null = st.builds(Compare, st.just(attribute), st.sampled_from(_EQUALITY), st.none())
    return st.integers(0, 9).flatmap(lambda dice: told if dice else with_null)


def _operands(attribute: Attribute, values: list[Any]) -> SearchStrategy[Any]:
    match attribute.kind:
        case "boolean":
            return st.booleans()
        case "dateTime":
            return st.sampled_from([*MOMENTS, *values])
        case "binary":
            return st.sampled_from([*values, "AAAA"])
    words = [*values, *values, *WORDS]
    return st.sampled_from(words).flatmap(lambda word: st.sampled_from(_variants(word)))


def _variants(word: str) -> list[str]:
    middle = len(word) // 2
    return [word, word, word.swapcase(), word[:middle], word[middle:], word[1:-1], f"{word}x", ""]


def _logic(terms: SearchStrategy[Filter], *, leaves: int) -> SearchStrategy[Filter]:
    def joined(inner: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
        words = st.sampled_from(("and", "or"))
        return st.one_of(st.builds(Joined, words, inner, inner), st.builds(Negated, inner))

    return st.recursive(terms, joined, max_leaves=leaves)


# --- spelling ---------------------------------------------------------------------------------------------------------


def spelled(wanted: Filter, dice: Random) -> str:
    """One of the many texts that mean this filter: names, operators and URNs in any case, more brackets or fewer."""
    match wanted:
        case Compare(attribute, op, operand):
            return f"{_named(attribute, dice, may_shorten=True)} {_cased(op, dice)} {_literal(operand, dice)}"
        case Present(attribute):
            return f"{_named(attribute, dice)} {_cased('pr', dice)}"
        case Selects(attribute, inner):
            return f"{_named(attribute, dice)}[{spelled(inner, dice)}]"
        case Negated(inner):
            return f"{_cased('not', dice)}{dice.choice(('', ' '))}({spelled(inner, dice)})"
        case Joined(word, left, right):
            return f"{_operand_of(word, left, dice)} {_cased(word, dice)} {_operand_of(word, right, dice)}"
    raise TypeError(wanted)


def _operand_of(word: str, part: Filter, dice: Random) -> str:
    """`and` binds more strongly than `or`: an `or` below it needs its brackets."""
    must = word == "and" and isinstance(part, Joined) and part.word == "or"
    return f"({spelled(part, dice)})" if must or dice.random() < 0.2 else spelled(part, dice)


def _named(attribute: Attribute, dice: Random, *, may_shorten: bool = False) -> str:
    path = attribute.path
    if may_shorten and attribute.is_multiple and attribute.sub == "value" and dice.random() < 0.5:
        path = path.removesuffix(".value")
    if attribute.urn and not attribute.is_extension and dice.random() < 0.2:
        path = f"{attribute.urn}:{path}"
    return _cased(path, dice)


def _cased(text: str, dice: Random) -> str:
    return dice.choice((text, text, text, text.lower(), text.upper(), text.swapcase()))


def _literal(operand: Any, dice: Random) -> str:
    """JSON, with or without escapes; a Boolean is sent as a string by some (Entra ID)."""
    if isinstance(operand, bool) and dice.random() < 0.2:
        return f'"{operand}"'
    return json.dumps(operand, ensure_ascii=dice.random() < 0.5)


# --- resources --------------------------------------------------------------------------------------------------------


def random_user(definitions: list[Document], dice: Random, number: int) -> Document:
    """Any mixture of the attributes of a schema, of few words, so that filters often match."""
    chosen = [one for one in definitions if one["mutability"] == "readWrite" and dice.random() < 0.6]
    return {one["name"]: value for one in chosen if (value := _random_value(one, dice, number))} | {
        "active": dice.random() < 0.7
    }


def _random_value(definition: Document, dice: Random, number: int) -> Any:
    if not definition.get("multiValued"):
        return _random_single(definition, dice, number)
    entries = [_random_single(definition, dice, 10 * number + index) for index in range(dice.randrange(3))]
    for later in entries[1:]:
        later.pop("primary", None)  # one at most
    return [entry for entry in entries if entry]


def _random_single(definition: Document, dice: Random, number: int) -> Any:
    match definition["name"], definition["type"]:
        case _, "complex":
            parts = [one for one in definition["subAttributes"] if dice.random() < 0.6]
            return {one["name"]: _random_single({**one, "of": definition["name"]}, dice, number) for one in parts}
        case "value", _ if definition.get("of") == "emails":
            return f"{dice.choice(('ann', 'Bo', 'É'))}{number}@Example.test"  # nobody shares an address
        case "userName", _:
            return f"{dice.choice(('ann', 'Bo', 'é'))}{number}"
        case "type", _:
            return dice.choice(("work", "home", "Other"))
        case _, "boolean":
            return dice.random() < 0.5
        case _, "binary":
            return dice.choice(("TUlJ", "tulj", "QUJD"))
    return dice.choice(WORDS)
