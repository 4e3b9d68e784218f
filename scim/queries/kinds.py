"""How stored values are compared and sorted: one class per kind, used by both filters and sorting.

A kind turns `operator operand` into a condition that is true or false, never NULL, so that `not` works as in
RFC 7644. Operands are bound parameters; `%` and `_` have no meaning (SR-26).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db.models import CharField, F, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat
from scim2_models import InvalidFilterException

from identity.models import Status
from scim.queries.conditions import EVERYTHING, NOTHING, CodepointOrder, UUIDText, column, constant, text
from scim.wire.addresses import location
from scim.wire.attributes import comparable

_VERSION = re.compile(r'W/"([1-9][0-9]{0,8})"')
_EQUALITY = frozenset({"eq", "ne"})


class ValueKind(Protocol):
    """What filters and sorting need of an attribute."""

    def condition(self, op: str, operand: Any) -> Q:
        """Rows where the value meets `op operand`; raises InvalidFilterException for an unsupported operator."""

    def present(self) -> Q:
        """Rows that have a value."""

    def order(self) -> Any:
        """The expression to sort by; None if it can't be sorted."""


@dataclass(frozen=True, slots=True)
class Text:
    """A column of comparable text: a key, an opaque id."""

    name: str
    nullable: bool = False

    def condition(self, op: str, operand: Any) -> Q:
        return column(self.name, op, operand) if op in _EQUALITY else text(F(self.name), op, str(operand))

    def present(self) -> Q:
        return ~Q(**{self.name: None}) if self.nullable else EVERYTHING

    def order(self) -> Any:
        return CodepointOrder(F(self.name))


@dataclass(frozen=True, slots=True)
class Moment:
    """A dateTime column."""

    name: str
    nullable: bool = False

    def condition(self, op: str, operand: Any) -> Q:
        if not isinstance(operand, datetime):
            raise InvalidFilterException(detail=f"operator '{op}' cannot be applied to a dateTime")
        return column(self.name, op, operand)

    def present(self) -> Q:
        return ~Q(**{self.name: None}) if self.nullable else EVERYTHING

    def order(self) -> Any:
        return F(self.name)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A UUID column: equality by index, anything else on the canonical text."""

    name: str

    def condition(self, op: str, operand: Any) -> Q:
        if op not in _EQUALITY:
            return text(UUIDText(F(self.name)), op, str(operand))
        wanted = _uuid(operand)
        if wanted is None:
            return NOTHING if op == "eq" else EVERYTHING
        return column(self.name, op, wanted)

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return F(self.name)


def _uuid(operand: Any) -> UUID | None:
    """The UUID with this canonical text (ids are caseExact)."""
    try:
        wanted = UUID(str(operand))
    except ValueError:
        return None
    return wanted if str(wanted) == operand else None


@dataclass(frozen=True, slots=True)
class Location:
    """`$ref` and meta.location: an id after this portal's own prefix; equality by the id's index."""

    identifier: Identifier
    endpoint: str
    case_exact: bool = True

    def condition(self, op: str, operand: Any) -> Q:
        prefix = comparable(location(self.endpoint, ""), case_exact=self.case_exact)
        if op not in _EQUALITY:
            return text(Concat(Value(prefix), UUIDText(F(self.identifier.name))), op, operand)
        return self.identifier.condition(op, operand.removeprefix(prefix) if operand.startswith(prefix) else "")

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return self.identifier.order()


@dataclass(frozen=True, slots=True)
class Version:
    """meta.version: the number inside the weak entity tag."""

    name: str

    def condition(self, op: str, operand: Any) -> Q:
        if op not in _EQUALITY:
            return text(self._tag, op, operand)
        found = _VERSION.fullmatch(str(operand))
        return column(self.name, op, int(found[1]) if found else -1)

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return CodepointOrder(self._tag)

    @property
    def _tag(self) -> Concat:
        return Concat(Value('W/"'), _digits(self.name), Value('"'))


@dataclass(frozen=True, slots=True)
class Number:
    """A row key, shown as text."""

    name: str

    def condition(self, op: str, operand: Any) -> Q:
        if op not in _EQUALITY:
            return text(_digits(self.name), op, operand)
        value = str(operand)
        return column(self.name, op, int(value) if re.fullmatch(r"[1-9][0-9]{0,17}", value) else -1)

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return CodepointOrder(_digits(self.name))


def _digits(name: str) -> Cast:
    return Cast(F(name), CharField())


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same for every row."""

    value: str
    case_exact: bool = False

    def condition(self, op: str, operand: Any) -> Q:
        return constant(comparable(self.value, case_exact=self.case_exact), op, operand)

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return Value(self.value, output_field=CharField())


@dataclass(frozen=True, slots=True)
class Active:
    """`active`: the portal's status (R11)."""

    name: str

    def condition(self, op: str, operand: Any) -> Q:
        return column(self.name, "eq" if (op == "eq") is bool(operand) else "ne", Status.ENABLED)

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return CodepointOrder(F(self.name))  # "disabled" before "enabled", as false before true


@dataclass(frozen=True, slots=True)
class Primary:
    """`primary` of a value: absent means false (RFC 7643 section 2.4)."""

    data: JSONText

    def condition(self, op: str, operand: Any) -> Q:
        is_primary = self.data.condition("eq", True)
        return is_primary if (op == "eq") is bool(operand) else ~is_primary

    def present(self) -> Q:
        return self.data.present()

    def order(self) -> Any:
        return self.data.order()


@dataclass(frozen=True, slots=True)
class Schemas:
    """`schemas`: those of every resource, and extensions where the IdP's record has them."""

    always: tuple[str, ...]
    sometimes: tuple[str, ...] = ()

    def condition(self, op: str, operand: Any) -> Q:
        found = NOTHING
        for urn in self.always:
            found |= Constant(urn).condition(op, operand)
        for urn in self.sometimes:
            found |= Constant(urn).condition(op, operand) & Q(attributes__has_key=urn)
        return found

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return None


@dataclass(frozen=True, slots=True)
class JSONText:
    """Comparable text under a name in a JSON column."""

    path: str
    container: str

    def condition(self, op: str, operand: Any) -> Q:
        return text(self.expression, op, comparable(operand, case_exact=True))

    def present(self) -> Q:
        return Q(**{f"{self.container}__has_key": self.path})

    def order(self) -> Any:
        return CodepointOrder(self.expression)

    @property
    def expression(self) -> KeyTextTransform:
        return KeyTextTransform(self.path, self.container)


@dataclass(frozen=True, slots=True)
class Fallback:
    """Comparable text with a column as fallback: a member's display name, else the userName."""

    first: JSONText
    name: str

    def condition(self, op: str, operand: Any) -> Q:
        return text(self._expression, op, str(operand))

    def present(self) -> Q:
        return EVERYTHING

    def order(self) -> Any:
        return CodepointOrder(self._expression)

    @property
    def _expression(self) -> Coalesce:
        return Coalesce(self.first.expression, F(self.name), output_field=CharField())


@dataclass(frozen=True, slots=True)
class IndexedValue:
    """`value` of a multi-valued attribute's row: equality by the indexed key, truncated at 255 characters."""

    data: JSONText = JSONText("value", "data")

    def condition(self, op: str, operand: Any) -> Q:
        wanted = comparable(operand, case_exact=True)
        if op in _EQUALITY and 0 < len(wanted) < 255:  # the key of a row without a value is empty
            return column("key", op, wanted)
        return self.data.condition(op, operand)

    def present(self) -> Q:
        return self.data.present()

    def order(self) -> Any:
        return self.data.order()
