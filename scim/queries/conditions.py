"""Comparisons as SQL conditions that are true or false, never NULL, so that `not` works as in RFC 7644.

Operands are bound parameters; `%` and `_` have no meaning in co/sw/ew, and case matters where it should on both
databases (SR-26).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, Length, Right, StrIndex
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IsNull,
    LessThan,
    LessThanOrEqual,
)

NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING


class CodepointOrder(Func):
    """Text compared by code point on both databases: SQLite does so anyway, PostgreSQL under COLLATE "C"."""

    template = "%(expressions)s"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template='(%(expressions)s) COLLATE "C"', **extra)


class UUIDText(Func):
    """A UUID column as its canonical text; SQLite stores 32 hexadecimal digits."""

    template = "CAST(%(expressions)s AS text)"
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        pieces = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        parts = [f"substr({sql}, {start}, {length})" for start, length in pieces]
        return f"({' || %s || '.join(parts)})".replace("%s", "'-'"), params * len(pieces)


Expression = Combinable

_ORDERINGS: dict[str, type] = {
    "gt": GreaterThan,
    "ge": GreaterThanOrEqual,
    "lt": LessThan,
    "le": LessThanOrEqual,
}


def text(expression: Expression, op: str, operand: str) -> Q:
    """`expression op operand` for text; a missing value equals nothing and contains nothing."""
    if op == "ne":
        return ~text(expression, "eq", operand)
    return _known(expression) & Q(_TEXT_OPERATORS[op](expression, operand))


def _known(expression: Expression) -> Q:
    return Q(IsNull(expression, False))


def _ordered(op: str) -> Callable[[Expression, str], Any]:
    return lambda expression, operand: _ORDERINGS[op](CodepointOrder(expression), Value(operand))


_TEXT_OPERATORS: dict[str, Callable[[Expression, str], Any]] = {
    "eq": lambda expression, operand: Exact(expression, Value(operand)),
    "co": lambda expression, operand: GreaterThan(StrIndex(expression, Value(operand)), Value(0)),
    "sw": lambda expression, operand: Exact(Left(expression, Length(Value(operand))), Value(operand)),
    "ew": lambda expression, operand: Exact(Right(expression, Length(Value(operand))), Value(operand)),
    **{op: _ordered(op) for op in _ORDERINGS},
}


def column(name: str, op: str, operand: Any) -> Q:
    """`column op operand` where equality is a plain lookup by index (moments, numbers, keys)."""
    match op:
        case "eq":
            return Q(**{name: operand})
        case "ne":
            return ~Q(**{name: operand})
        case "gt" | "lt":
            return Q(**{f"{name}__{op}": operand})
        case "ge" | "le":
            return Q(**{f"{name}__{op[0]}te": operand})
    return text(F(name), op, str(operand))


def constant(actual: str, op: str, operand: str) -> Q:
    """A comparison whose result does not depend on the row."""
    outcomes = {
        "eq": actual == operand,
        "ne": actual != operand,
        "co": operand in actual,
        "sw": actual.startswith(operand),
        "ew": actual.endswith(operand),
        "gt": actual > operand,
        "ge": actual >= operand,
        "lt": actual < operand,
        "le": actual <= operand,
    }
    return EVERYTHING if outcomes[op] else NOTHING
