"""What hypothesis makes up: filters on every attribute that is published, and the many ways to spell each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

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
        self._simple = [one for one in attributes if one.kind != "complex"]
        complexes = [one for one in attributes if one.kind == "complex"]
        self._multiple = [one for one in complexes if one.is_multiple]
        self._compared_whole = [one for one in complexes if not self._has_value(one)]
        self._values = {one: [value for each in documents for value in one.values(each)] for one in attributes}

    def random(self, dice: Random) -> Filter:
        """Comparisons, presence and value paths, joined by and, or and not."""
        return _logic(lambda: self._term(dice), dice, depth=3)

    def _term(self, dice: Random) -> Filter:
        match dice.randrange(10):
            case 0:
                return Present(dice.choice(self._attributes))
            case 1:
                return Compare(dice.choice(self._compared_whole), dice.choice(_EQUALITY), None)
            case 2 | 3 | 4:
                return self._selection(dice.choice(self._multiple), dice)
        attribute = dice.choice(self._simple)
        return _comparison(attribute, self._values[attribute], dice)

    def _selection(self, attribute: Attribute, dice: Random) -> Filter:
        """Between the brackets a sub-attribute stands alone, and looks at one value."""
        subs = self._subs(attribute)

        def term() -> Filter:
            sub = dice.choice(subs)
            inside = _inside(sub)
            return _comparison(inside, self._values[sub], dice) if dice.randrange(4) else Present(inside)

        return Selects(attribute, _logic(term, dice, depth=2))

    def _subs(self, attribute: Attribute) -> list[Attribute]:
        return [one for one in self._simple if one.sub and (one.urn, one.name) == (attribute.urn, attribute.name)]

    def _has_value(self, attribute: Attribute) -> bool:
        """A comparison with `emails` is one with `emails.value`; with others only null is compared."""
        return attribute.is_multiple and any(one.sub == "value" for one in self._subs(attribute))


def _inside(sub: Attribute) -> Attribute:
    return Attribute(
        urn="", is_extension=False, name=sub.sub, sub="", kind=sub.kind, is_multiple=False, case_exact=sub.case_exact
    )


def _comparison(attribute: Attribute, values: list[Any], dice: Random) -> Filter:
    if not dice.randrange(10):
        return Compare(attribute, dice.choice(_EQUALITY), None)
    return Compare(attribute, dice.choice(_OPERATORS[attribute.kind]), _operand(attribute, values, dice))


def _operand(attribute: Attribute, values: list[Any], dice: Random) -> Any:
    match attribute.kind:
        case "boolean":
            return bool(dice.randrange(2))
        case "dateTime":
            return dice.choice([*MOMENTS, *values])
        case "binary":
            return dice.choice([*values, "AAAA"])
    return dice.choice(_variants(dice.choice([*values, *values, *WORDS])))


def _variants(word: str) -> list[str]:
    middle = len(word) // 2
    return [word, word, word.swapcase(), word[:middle], word[middle:], word[1:-1], f"{word}x", ""]


def _logic(term: Callable[[], Filter], dice: Random, *, depth: int) -> Filter:
    match dice.randrange(6) if depth else 0:
        case 3:
            return Negated(_logic(term, dice, depth=depth - 1))
        case 4 | 5:
            left, right = (_logic(term, dice, depth=depth - 1) for _ in range(2))
            return Joined(dice.choice(("and", "or")), left, right)
    return term()


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
