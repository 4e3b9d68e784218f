"""Lint the migrations since the last release: each must let the last release's hosts work on, and hold nobody up.

Part of `make lint` (`python -m tests.lint_migrations`); docs/design/migrations.md has the rules and what to do instead.
A table that the last release does not have may be made and changed at will.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import django
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from tests.upgrades.released import MIGRATION

APP = "identity"

NO_DEFAULT = "is NOT NULL and has no db_default: hosts of the last release leave it out of their inserts"
STILL_USED = "is used by the last release: let a release pass that no longer uses it"
STRICTER = "may be NULL or longer in the last release, whose hosts still write that"
INDEX = "is indexed while nobody can write: AddIndexConcurrently, in a migration of its own with atomic = False"
TOO_MANY = "are locked in one transaction: one migration for each"
NOT_AGAIN = "runs outside a transaction and can't run twice: nothing else beside it"
MIXED = "moves data beside a change of the schema: a migration of its own"


def problems() -> Iterator[str]:
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415 - needs the apps

    loader = MigrationLoader(None)
    released = loader.project_state((APP, MIGRATION))
    known = set(loader.graph.forwards_plan((APP, MIGRATION)))
    for leaf in loader.graph.leaf_nodes(APP):
        for node in loader.graph.forwards_plan(leaf):
            if node[0] == APP and node not in known:
                before = loader.project_state(node, at_end=False)
                yield from problems_of(loader.graph.nodes[node], before, released)


def problems_of(migration: migrations.Migration, before: ProjectState, released: ProjectState) -> list[str]:
    """What is wrong with a migration, by its name; `before` is the state that it begins with."""
    found: list[str] = []
    state, operations = before.clone(), list(_flat(migration.operations))
    for operation in operations:
        found += _of_operation(operation, state, released)
        operation.state_forwards(APP, state)
    return [f"{migration.name}: {problem}" for problem in (*found, *_of_all(migration, operations, released))]


def _flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _of_operation(operation: Operation, state: ProjectState, released: ProjectState) -> Iterator[str]:
    match operation:
        case migrations.AddField():
            yield from _of_new_column(operation, released)
        case migrations.AlterField():
            yield from _of_changed_column(operation, state, released)
        case migrations.RemoveField() if _column(released, operation.model_name, operation.name):
            yield f"{operation.model_name}.{operation.name} {STILL_USED}"
        case migrations.RenameField() if _column(released, operation.model_name, operation.old_name):
            yield f"{operation.model_name}.{operation.old_name} {STILL_USED}"
        case migrations.DeleteModel() if _model(released, operation.name):
            yield f"{operation.name} {STILL_USED}"
        case migrations.RenameModel() if _model(released, operation.old_name):
            yield f"{operation.old_name} {STILL_USED}"
        case migrations.AlterModelTable() if _model(released, operation.name):
            yield f"{operation.name} {STILL_USED}"
        case migrations.AddIndex() if _model(released, operation.model_name) and _is_plain(operation):
            yield f"{operation.model_name} {INDEX}"
        case migrations.AddConstraint(constraint=models.UniqueConstraint()) if _model(released, operation.model_name):
            yield f"{operation.model_name} {INDEX}"


def _of_new_column(operation: migrations.AddField, released: ProjectState) -> Iterator[str]:
    field, name = operation.field, f"{operation.model_name}.{operation.name}"
    if not _model(released, operation.model_name) or field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield f"{name} {NO_DEFAULT}"
    if _makes_index(field):
        yield f"{name} {INDEX}"


def _of_changed_column(operation: migrations.AlterField, state: ProjectState, released: ProjectState) -> Iterator[str]:
    name = f"{operation.model_name}.{operation.name}"
    old, new = _column(state, operation.model_name, operation.name), operation.field
    used = _column(released, operation.model_name, operation.name)
    if used is not None and ((used.null and not new.null) or _length(new) < _length(used)):
        yield f"{name} {STRICTER}"
    if used is not None and old is not None and (old.db_column or operation.name) != (new.db_column or operation.name):
        yield f"{name} {STILL_USED}"
    if used is not None and _makes_index(new) and (old is None or not _makes_index(old)):
        yield f"{name} {INDEX}"


def _of_all(migration: migrations.Migration, operations: list[Operation], released: ProjectState) -> Iterator[str]:
    changing = [step for step in operations if not _is_state_only(step)]
    moving = [step for step in changing if _moves_data(step)]
    if moving and len(moving) < len([step for step in changing if not _is_for_sqlite(step)]):
        yield f"{moving[0].describe()} {MIXED}"
    if migration.atomic:
        locked = sorted({name for step in changing for name in _tables(step) if _model(released, name)})
        if len(locked) > 1:
            yield f"{', '.join(locked)} {TOO_MANY}"
    elif len(changing) > 1:
        yield from (f"{step.describe()} {NOT_AGAIN}" for step in changing if not _can_run_twice(step))


def _tables(operation: Operation) -> Iterator[str]:
    """The models whose tables it locks, that which a new foreign key leads to included."""
    name = getattr(operation, "model_name", None) or getattr(operation, "name", "")
    if isinstance(name, str) and not isinstance(operation, migrations.RunPython | migrations.RunSQL):
        yield name.lower()
    field = getattr(operation, "field", None)
    if isinstance(field, models.ForeignKey):
        yield str(field.deconstruct()[3]["to"]).rpartition(".")[2].lower()


def _is_state_only(operation: Operation) -> bool:
    return isinstance(operation, migrations.AlterModelOptions | migrations.AlterModelManagers)


def _moves_data(operation: Operation) -> bool:
    return isinstance(operation, migrations.RunPython | migrations.RunSQL) and not _is_for_sqlite(operation)


def _is_for_sqlite(operation: Operation) -> bool:
    return type(operation).__name__ == "TriggersOnSQLite"


def _can_run_twice(operation: Operation) -> bool:
    return type(operation).__name__ in {"SetDefaults", "AddIndexConcurrently", "MoveInBatches", "TriggersOnSQLite"}


def _is_plain(operation: Operation) -> bool:
    return type(operation) is migrations.AddIndex


def _model(state: ProjectState, name: str) -> Any:
    return state.models.get((APP, name.lower()))


def _column(state: ProjectState, model: str, name: str) -> Any:
    found = _model(state, model)
    return found.fields.get(name) if found else None


def _makes_index(field: Any) -> bool:
    return bool(field.unique or field.db_index)


def _length(field: Any) -> float:
    return getattr(field, "max_length", None) or float("inf")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    found = list(problems())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if found:
        sys.stderr.write("docs/design/migrations.md says what to do instead.\n")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
