"""`column__any_of=[…]`: membership in a list that travels as one parameter.

`IN (?, ?, …)` grows with the list and meets SQLite's limit of variables; a group push may name 50,000 ids.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BigAutoField, CharField, Lookup, UUIDField
from django.db.models.lookups import In, IStartsWith, StartsWith

LAST = "\U0010ffff"  # sorts after whatever else may follow a prefix


@CharField.register_lookup
@UUIDField.register_lookup
@BigAutoField.register_lookup
class AnyOf(Lookup):
    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        if hasattr(self.rhs, "bound"):  # a parameter of a compiled query: its list comes later
            return f"{lhs} {any_of(connection)}", (*params, self.rhs)
        values = [self.lhs.output_field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{lhs} {any_of(connection)}", (*params, any_of_parameter(connection, values))


@BigAutoField.register_lookup
class Among(In):
    """`pk__among=rows.values("user")`: IN, with the rows of the subquery read first and as a whole.

    Left to itself, PostgreSQL walks a million people by name to find the fifty first of a thousand.
    """

    lookup_name = "among"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"= ANY(ARRAY{rhs})" if connection.vendor == "postgresql" else super().get_rhs_op(connection, rhs)


@CharField.register_lookup
class Begins(StartsWith):
    """`column__begins="ada"`: startswith, on PostgreSQL by two comparisons.

    A prepared statement's plan is kept, and a kept plan can't use an index for LIKE, whose pattern it does not know.
    """

    lookup_name = "begins"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return str(connection.operators["startswith"] % rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"({lhs} ~>=~ %s AND {lhs} ~<~ %s)", (*params, self.rhs, *params, self.rhs + LAST)


@CharField.register_lookup
class IBegins(IStartsWith):
    """The same, where upper and lower case are one; served by an index on the upper case."""

    lookup_name = "ibegins"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return str(connection.operators["istartswith"] % rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        sql = f"(UPPER({lhs}) ~>=~ UPPER(%s) AND UPPER({lhs}) ~<~ UPPER(%s))"
        return sql, (*params, self.rhs, *params, self.rhs + LAST)


def any_of(connection: Any) -> str:
    """The SQL after a column: one placeholder, whatever the length of the list."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)"
    return "IN (SELECT value FROM json_each(%s))"


def none_of(connection: Any) -> str:
    """The SQL after a column of row ids: a hashed look at the list for each row, on every PostgreSQL."""
    if connection.vendor == "postgresql":
        return "NOT IN (SELECT unnest(%s::bigint[]))"
    return "NOT IN (SELECT value FROM json_each(%s))"


def any_of_parameter(connection: Any, values: list[Any]) -> Any:
    """The list as the parameter that `any_of` expects (values already prepared for the database)."""
    return values if connection.vendor == "postgresql" else json.dumps(values)
