"""Operations for migrations that don't block other transactions (docs/design/migrations.md).

`manage.py migrate` gives up waiting for a lock after a moment and retries the whole migration, so that requests queued
behind it are served in between. Anything outside a single transaction can therefore run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations, transaction
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED, QuerySet

from identity.db.partitions import parts
from identity.db.permanence import install_triggers, remove_triggers

BATCH = 2000


@contextmanager
def patient(schema_editor: Any) -> Iterator[None]:
    """Building an index concurrently waits for all open transactions, and blocks none of them."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = 0")
        yield
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])


class SetDefaults(Operation):
    """Database defaults for columns of one table that have none: a moment's lock, and one copy of the table on SQLite.

    A column without a default of Django's gets the same one, so that new rows have it before they are stored.
    """

    atomic = True
    reversible = True

    def __init__(self, model_name: str, defaults: dict[str, Any]) -> None:
        self.model_name, self.defaults = model_name, defaults

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "SetDefaults", [self.model_name, self.defaults], {}

    def state_forwards(self, app_label: str, state: Any) -> None:
        fields = state.models[app_label, self.model_name.lower()].fields
        for name, value in self.defaults.items():
            field = fields[name].clone()
            field.db_default = value
            if field.default is NOT_PROVIDED:
                field.default = value
            state.alter_field(app_label, self.model_name.lower(), name, field, preserve_default=True)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        old = from_state.apps.get_model(app_label, self.model_name)
        new = to_state.apps.get_model(app_label, self.model_name)
        pairs = [(old._meta.get_field(name), new._meta.get_field(name)) for name in self.defaults]
        if schema_editor.connection.vendor == "sqlite":
            schema_editor._remake_table(old, alter_fields=pairs)
            return
        changes = [
            schema_editor._alter_column_database_default_sql(new, *pair, drop=not pair[1].has_db_default())
            for pair in pairs
        ]
        actions, parameters = ", ".join(sql for sql, _ in changes), [value for _, more in changes for value in more]
        schema_editor.execute(f"ALTER TABLE {schema_editor.quote_name(new._meta.db_table)} {actions}", parameters)

    database_backwards = database_forwards

    def describe(self) -> str:
        return f"Set database defaults of {self.model_name}"


class DropForeignKey(migrations.AlterField):
    """Keeps the column without its constraint, in a migration of its own: `atomic = False`. SQLite still checks it."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    database_backwards = database_forwards


class AddIndexConcurrently(migrations.AddIndex):
    """While others write, on PostgreSQL: in a migration of its own with `atomic = False`."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        in_parts = parts(schema_editor.connection, model._meta.db_table)
        if in_parts:
            schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(self.index.name)}")
        with patient(schema_editor):
            for part in in_parts:
                self._add(schema_editor, model, part.name, f"{self.index.name}_{part.end}")
            if not in_parts:
                self._add(schema_editor, model, model._meta.db_table, self.index.name)
        if in_parts:  # a moment: it takes over those of the parts
            schema_editor.add_index(model, self.index)

    def _add(self, schema_editor: Any, model: Any, table: str, name: str) -> None:
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # half of one, of an attempt before
        statement = self.index.create_sql(model, schema_editor, concurrently=True)
        statement.parts |= {"table": schema_editor.quote_name(table), "name": schema_editor.quote_name(name)}
        schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        if parts(schema_editor.connection, model._meta.db_table):  # PostgreSQL drops it in all parts at once
            schema_editor.remove_index(model, self.index)
            return
        with patient(schema_editor):
            schema_editor.remove_index(model, self.index, concurrently=True)


class MoveInBatches(migrations.RunPython):
    """A data migration in batches by primary key, each in its own transaction: only with `atomic = False`.

    `left` says which rows are still to be moved, so that what was interrupted goes on; `move` changes a part of them.
    """

    def __init__(
        self,
        model_name: str,
        move: Callable[[QuerySet[Any]], object],
        *,
        left: Callable[[QuerySet[Any]], QuerySet[Any]],
        batch: int = BATCH,
    ) -> None:
        def forwards(apps: Any, schema_editor: Any) -> None:
            alias = schema_editor.connection.alias
            rows = left(apps.get_model("identity", model_name)._default_manager.using(alias))
            for part in _parts(rows, batch):
                with transaction.atomic(using=alias):
                    move(rows.filter(pk__in=part))

        super().__init__(forwards, migrations.RunPython.noop, atomic=False)


def _parts(rows: QuerySet[Any], size: int) -> Iterator[list[Any]]:
    rest = rows.order_by("pk").values_list("pk", flat=True)
    part = list(rest[:size])
    while part:
        yield part
        part = list(rest.filter(pk__gt=part[-1])[:size])


class TriggersOnSQLite(migrations.RunPython):
    """At the end of a migration that rebuilds a table there, which loses its triggers; PostgreSQL keeps them."""

    def __init__(self) -> None:
        super().__init__(_reinstall_on_sqlite, _reinstall_on_sqlite)


def _reinstall_on_sqlite(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        remove_triggers(schema_editor.connection)
        install_triggers(schema_editor.connection)
