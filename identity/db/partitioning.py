"""A migration partitions a table without copying a row: it becomes the first part of a new one with its name.

PostgreSQL only; SQLite's tables stay as they are.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.migrations.operations.base import Operation

from identity.db import partitions
from identity.db.partitions import IDS_EACH, Log, add_parts, expect_many_values, last_id, parts

_INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = %s::regclass ORDER BY i.indisprimary, c.relname
"""
_KEYS = """
    SELECT conname, pg_get_constraintdef(oid), confrelid::regclass::text FROM pg_constraint
     WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY conname
"""
_TRIGGERS = """
    SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger
     WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY tgname
"""
_GRANTS = """
    SELECT '', format('GRANT %%s ON %%s TO %%s', a.privilege_type, c.oid::regclass,
                      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
      FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = %s::regclass AND a.grantee <> c.relowner
"""
_INDEXES_OF_PARTS = """
    SELECT p.relname, w.relname
      FROM pg_index i JOIN pg_class w ON w.oid = i.indexrelid
      JOIN pg_inherits h ON h.inhparent = i.indexrelid
      JOIN pg_index j ON j.indexrelid = h.inhrelid JOIN pg_class p ON p.oid = j.indexrelid
     WHERE i.indrelid = %s::regclass AND j.indrelid = %s::regclass
"""
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
     WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
_COPIED = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE"


class PartitionById(Operation):
    """Alone in a migration with `atomic = False`; what was interrupted goes on.

    A check that no id is beyond the first part is validated while others write. The change itself is a moment's lock of
    the table and of those that its foreign keys lead to, taken in the order in which requests do.
    """

    atomic = False
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "PartitionById", [self.model_name], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Models see one table, as before."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor == "postgresql":
            partition(connection, self._log(app_label, from_state))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor == "postgresql":
            unite(connection, self._log(app_label, from_state))

    def _log(self, app_label: str, state: Any) -> Log:
        return partitions.BY_TABLE[state.apps.get_model(app_label, self.model_name)._meta.db_table]

    def describe(self) -> str:
        return f"Partition {self.model_name} by id"


def partition(connection: Any, log: Log) -> None:
    if parts(connection, log.table):
        return
    end = _bounded(connection, log)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _swap(connection, cursor, log, end)
    if log.filters:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {log.table}_first ({', '.join(log.filters)})")


def _bounded(connection: Any, log: Log) -> int:
    """The end of the first part, which a valid check holds already."""
    check = f"{log.table}_end"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(pg_get_constraintdef(oid) FROM '[0-9]+')::bigint FROM pg_constraint"
            " WHERE conname = %s AND conrelid = %s::regclass AND convalidated",
            [check, log.table],
        )
        found = cursor.fetchone()
        if found and found[0] - last_id(connection, log) > IDS_EACH // 2:
            return int(found[0])
        end = (last_id(connection, log) // IDS_EACH + 2) * IDS_EACH
        cursor.execute(
            f"ALTER TABLE {log.table} DROP CONSTRAINT IF EXISTS {check},"
            f" ADD CONSTRAINT {check} CHECK ({log.key} < {end}) NOT VALID"
        )
        cursor.execute(f"ALTER TABLE {log.table} VALIDATE CONSTRAINT {check}")
    return end


def _swap(connection: Any, cursor: Any, log: Log, end: int) -> None:
    table, first = log.table, f"{log.table}_first"
    is_source = log.source == table
    keys = _lock(cursor, table)
    indexes, triggers, grants = (_asked(cursor, question, table) for question in (_INDEXES, _TRIGGERS, _GRANTS))
    last = last_id(connection, log)
    cursor.execute(f"ALTER TABLE {table} RENAME TO {first}")
    for name, _ in indexes:
        cursor.execute(f"ALTER INDEX {name} RENAME TO {name}_first")
    for name, _ in triggers:  # each part gets those of the whole
        cursor.execute(f"DROP TRIGGER {name} ON {first}")
    if is_source:
        cursor.execute(f"ALTER TABLE {first} ALTER COLUMN id DROP IDENTITY")
    cursor.execute(f"CREATE TABLE {table} (LIKE {first} {_COPIED}) PARTITION BY RANGE ({log.key})")
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_end")
    if is_source:
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY")
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, %s)", [table, max(last, 1), last > 0])
    cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({log.key})")
    for name, definition in indexes:
        if name != f"{table}_pkey":
            cursor.execute(definition)
    for name, definition, _ in keys:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in (*triggers, *grants):
        cursor.execute(definition)
    cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({end})")
    cursor.execute(f"ALTER TABLE {first} DROP CONSTRAINT {table}_end")
    expect_many_values(cursor, log, first)
    add_parts(connection, log)


def unite(connection: Any, log: Log) -> None:
    """One table again: the oldest part, with a copy of the others' rows. Reads and writes of the log wait meanwhile."""
    table = log.table
    if not parts(connection, table):
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _lock(cursor, table)
        oldest, *others = (part.name for part in parts(connection, table))
        triggers, grants = (_asked(cursor, question, table) for question in (_TRIGGERS, _GRANTS))
        indexes = _asked(cursor, _INDEXES_OF_PARTS, table, oldest)
        (columns,) = _asked(cursor, _COLUMNS, table)[0]
        last = last_id(connection, log)
        cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {oldest}")
        for name in others:
            cursor.execute(f"INSERT INTO {oldest} ({columns}) SELECT {columns} FROM {name}")  # noqa: S608  catalogue
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table with pending checks is altered
        cursor.execute(f"DROP TABLE {table}")
        cursor.execute(f"ALTER TABLE {oldest} RENAME TO {table}")
        for column in log.filters:
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} RESET (n_distinct)")
        for of_part, of_whole in indexes:
            cursor.execute(f"ALTER INDEX {of_part} RENAME TO {of_whole}")
        if log.source == table:
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY")
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, %s)", [table, max(last, 1), last > 0])
        for _, definition in (*triggers, *grants):
            cursor.execute(definition)


def _lock(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    """Lock it and what its foreign keys lead to, in the order of requests; the foreign keys."""
    keys = _asked(cursor, _KEYS, table)
    for name in (*sorted({to for _, _, to in keys}, reverse=True), table):  # users before identity providers
        cursor.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    return keys


def _asked(cursor: Any, question: str, *about: str) -> list[tuple[Any, ...]]:
    cursor.execute(question, about)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
