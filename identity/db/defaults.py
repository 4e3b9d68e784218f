"""Defaults that the database gives by itself.

A host of an earlier release fills none of the columns that are newer than itself, and one of a later release none of
those that it no longer uses (docs/design/migrations.md).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Func, JSONField, UUIDField, Value

EMPTY_OBJECT = Value({}, output_field=JSONField())
EMPTY_LIST = Value([], output_field=JSONField())


class NewUUID(Func):
    """A random one."""

    function = "gen_random_uuid"
    template = "%(function)s()"
    output_field = UUIDField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="lower(hex(randomblob(16)))", **context)
