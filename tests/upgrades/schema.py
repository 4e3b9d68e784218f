"""The schema of a database, said so that two can be compared whatever order its parts were made in."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import psycopg

POSTGRESQL = (
    "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(character_maximum_length, 0) || ' '"
    " || is_nullable || ' ' || coalesce(column_default, '-') FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    # 18 has NOT NULL there, too, under the names that columns had at first: it stands with the columns above.
    " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
)
BESIDE = "SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def schema_of(url: str) -> list[str]:
    """Each column, constraint, index and trigger, sorted."""
    return sorted(_on_sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else _on_postgresql(url))


def _on_postgresql(url: str) -> Iterator[str]:
    with psycopg.connect(url) as connection:
        for question in POSTGRESQL:
            yield from (line for (line,) in connection.execute(question))


def _on_sqlite(file: str) -> Iterator[str]:
    connection = sqlite3.connect(file)
    try:
        yield from (sql for (sql,) in connection.execute(BESIDE))
        for name, sql in connection.execute(TABLES):
            yield from (f"{name}: {part}" for part in _parts(sql[sql.index("(") + 1 : sql.rindex(")")]))
    finally:
        connection.close()


def _parts(inside: str) -> Iterator[str]:
    """What commas part, but for those in brackets or texts."""
    depth, part = 0, ""
    for token in re.findall(r"'[^']*'|[(),]|[^'(),]+", inside):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "," and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += token
    yield part.strip()
