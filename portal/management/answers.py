"""A command's output: facts for machines, and for people the same as a sentence, lines or a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

Facts = dict[str, Any]

# Columns are as wide as the widest cell of this many rows; a longer cell further down shifts its line.
MEASURED_ROWS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """`facts` is what `--json` prints, `text` what a person reads, after any facts that are `shown` as well."""

    facts: Facts
    text: str
    shown: Facts = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> Answer:
        """The facts themselves, one per line."""
        return cls(facts, "", facts)


def fact_lines(facts: Facts) -> Iterator[str]:
    """`name: value`, aligned; nested facts become lines of their own below their name, a list of them a table."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{words(name)}:"
            yield from (f"  {line}" for line in table_lines(value))
        elif isinstance(value, dict) and value:
            yield f"{words(name)}:"
            yield from (f"  {line}" for line in fact_lines(value))
        else:
            yield f"{words(name) + ':':<{width + 1}}  {cell(value)}"


def table_lines(rows: Iterable[Facts]) -> Iterator[str]:
    """A heading and a line for each row; empty without rows."""
    rows = iter(rows)
    measured = list(islice(rows, MEASURED_ROWS))
    if not measured:
        return
    first = [cells(facts) for facts in measured]
    headings = [words(name).upper() for name in measured[0]]
    widths = [max(map(len, column)) for column in zip(headings, *first, strict=True)]
    for line in chain([headings], first, map(cells, rows)):
        yield "  ".join(map(str.ljust, line, widths)).rstrip()


def cells(facts: Facts) -> list[str]:
    return [cell(value) for value in facts.values()]


def cell(value: Any) -> str:
    """A readable value; terminal control characters become question marks."""
    match value:
        case None | "":
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case datetime():
            text = value.strftime("%Y-%m-%d %H:%M")
        case list() | tuple():
            text = ", ".join(map(cell, value)) or "-"
        case dict():
            text = ", ".join(f"{words(name)} {cell(item)}" for name, item in value.items()) or "-"
        case _:
            text = str(value)
    return "".join(char if char.isprintable() else "?" for char in text)


def words(name: str) -> str:
    return name.replace("_", " ")


def name_of(row: object | None) -> str | None:
    return None if row is None else str(row)
