"""`column__any_of=[…]`: membership in a list that is passed as one parameter.

`IN (?, ?, …)` grows with the list and hits SQLite's variable limit; a group push may name 50,000 ids.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BigAutoField, BigIntegerField, CharField, Lookup, UUIDField
from django.db.models.lookups import In, IStartsWith

LAST = "\U0010ffff"  # sorts after anything that may follow a prefix


@CharField.register_lookup
@UUIDField.register_lookup
@BigIntegerField.register_lookup
class AnyOf(Lookup):
    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        if hasattr(self.rhs, "bound"):  # a parameter of a compiled query: its list is bound later
            return f"{lhs} {any_of(connection)}", (*params, self.rhs)
        values = [self.lhs.output_field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{lhs} {any_of(connection)}", (*params, any_of_parameter(connection, values))


@BigAutoField.register_lookup
class Among(In):
    """`pk__among=rows.values("user")`: IN, with the subquery evaluated first and as a whole.

    On its own, PostgreSQL scans a million people by name to find the first fifty of a thousand.
    """

    lookup_name = "among"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return among(connection, rhs)


@CharField.register_lookup
class Begins(Lookup):
    """`column__begins="ada"` for columns of folded keys: startswith as two comparisons, which an index can serve.

    For LIKE, SQLite uses no index, and neither does PostgreSQL in the cached plan of a prepared statement, where the
    pattern is unknown.
    """

    lookup_name = "begins"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return _between(self, compiler, connection, "({0} >= %s AND {0} < %s)")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """By bytes, the order of a pattern index, whatever the database's collation."""
        return _between(self, compiler, connection, "({0} ~>=~ %s AND {0} ~<~ %s)")


@CharField.register_lookup
class IBegins(IStartsWith):
    """The same for unfolded columns, ignoring case; served by an index on the upper case."""

    lookup_name = "ibegins"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return str(connection.operators["istartswith"] % rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return _between(self, compiler, connection, "(UPPER({0}) ~>=~ UPPER(%s) AND UPPER({0}) ~<~ UPPER(%s))")


def _between(lookup: Any, compiler: Any, connection: Any, sql: str) -> tuple[str, tuple[Any, ...]]:
    """From the prefix to the last value that begins with it."""
    lhs, params = lookup.process_lhs(compiler, connection)
    return sql.format(lhs), (*params, lookup.rhs, *params, lookup.rhs + LAST)


def any_of(connection: Any) -> str:
    """The SQL after a column: one placeholder, whatever the length of the list."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)"
    return "IN (SELECT value FROM json_each(%s))"


def none_of(connection: Any) -> str:
    """The SQL after a column of row ids: a hashed lookup in the list for each row, on every PostgreSQL version."""
    if connection.vendor == "postgresql":
        return "NOT IN (SELECT unnest(%s::bigint[]))"
    return "NOT IN (SELECT value FROM json_each(%s))"


def among(connection: Any, rows: str) -> str:
    """The SQL after a column: `(SELECT …)`, evaluated first and as a whole (see `Among`)."""
    return f"= ANY(ARRAY{rows})" if connection.vendor == "postgresql" else f"IN {rows}"


def any_of_parameter(connection: Any, values: list[Any]) -> Any:
    """The list as the parameter that `any_of` expects (values already prepared for the database)."""
    return values if connection.vendor == "postgresql" else json.dumps(values)
