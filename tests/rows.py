"""What is stored, read as it lies there, to compare before and after: in a statement for each table with rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, models

Row = dict[str, Any]


def rows_of(kinds: Iterable[type[models.Model]]) -> dict[str, list[Row]]:
    """All rows of these models, by label and by id: columns as the database has them."""
    labels = {kind._meta.db_table: kind._meta.label for kind in kinds}
    with connection.cursor() as cursor:
        exists = ", ".join(f"EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in labels)
        cursor.execute(f"SELECT {exists}")
        is_filled = dict(zip(labels, cursor.fetchone(), strict=True))
        return {label: _read(cursor, table) if is_filled[table] else [] for table, label in labels.items()}


def _read(cursor: Any, table: str) -> list[Row]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} ORDER BY 1")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
