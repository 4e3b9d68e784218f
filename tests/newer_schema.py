"""The schema is that of a later release, whose tables hold what this code knows nothing of."""

from django.db import connection


def asks_for_more(table: str) -> None:
    """New rows of this table need a value that this code does not give: NOT NULL, without a default."""
    if connection.vendor == "postgresql":
        _run(
            f"ALTER TABLE {table} ADD COLUMN newer integer NOT NULL DEFAULT 0",
            f"ALTER TABLE {table} ALTER COLUMN newer DROP DEFAULT",
        )
        return
    # SQLite adds no such column; a table beside it fails with the same code.
    _run(
        "CREATE TABLE beside (newer integer NOT NULL)",
        f"CREATE TRIGGER newer AFTER INSERT ON {table} BEGIN INSERT INTO beside VALUES (NULL); END",
    )


def allows_less(table: str, column: str) -> None:
    """A check refuses whatever this code writes there."""
    if connection.vendor == "postgresql":
        _run(f"ALTER TABLE {table} ADD CONSTRAINT less CHECK ({column} = '') NOT VALID")
        return
    _run(
        "CREATE TABLE beside (newer text CHECK (newer = ''))",
        f"CREATE TRIGGER newer AFTER INSERT ON {table} BEGIN INSERT INTO beside VALUES (NEW.{column}); END",
    )


def is_unique_by(table: str, column: str) -> None:
    """A unique index that this code does not know."""
    _run(f"CREATE UNIQUE INDEX newer ON {table} ({column})")


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table with pending checks is altered
        for statement in statements:
            cursor.execute(statement)
