"""The linter of migrations knows what stops the last release's hosts, or holds everybody up."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from identity.db.migrating import AddIndexConcurrently, MoveInBatches, SetDefaults, TriggersOnSQLite
from tests import lint_migrations as lint
from tests.upgrades.released import MIGRATION

pytestmark = pytest.mark.once


def told(*operations: Operation, atomic: bool = True) -> list[str]:
    """What is said of a migration that comes right after the last release, without its name."""
    released = MigrationLoader(None).project_state((lint.APP, MIGRATION))
    migration = migrations.Migration("next", lint.APP)
    migration.operations, migration.atomic = list(operations), atomic
    return [problem.removeprefix("next: ") for problem in lint.problems_of(migration, released, released)]


def add(model: str = "group", **options: Any) -> migrations.AddField:
    return migrations.AddField(model, "newer", models.CharField(max_length=10, **options))


def alter(name: str, **options: Any) -> migrations.AlterField:
    return migrations.AlterField("group", name, models.CharField(**{"max_length": 255, **options}))


def move(*_: Any) -> None:
    """Nothing."""


TABLE = migrations.CreateModel("Newer", [("id", models.BigAutoField(primary_key=True))])
MOVE = MoveInBatches("Group", move, left=lambda rows: rows)
BY_NAME = models.Index(fields=["name"], name="group_by_name")
UNIQUE = models.UniqueConstraint(fields=["name"], name="group_name_unique")
LEAD = models.ForeignKey("identity.user", null=True, on_delete=models.CASCADE)
BARE_LEAD = models.ForeignKey("identity.user", null=True, on_delete=models.CASCADE, db_index=False)

BAD: list[tuple[str, list[Operation]]] = [
    (f"group.newer {lint.NO_DEFAULT}", [add()]),
    (f"group.newer {lint.NO_DEFAULT}", [add(default="")]),
    (f"group.newer {lint.INDEX}", [add(null=True, unique=True)]),
    (f"group.newer {lint.INDEX}", [add(null=True, db_index=True)]),
    (
        f"group.lead {lint.INDEX}",
        [migrations.AddField("group", "lead", LEAD)],
    ),
    (f"group.name {lint.INDEX}", [alter("name", db_index=True)]),
    (f"group.name {lint.STRICTER}", [alter("name", max_length=20)]),
    (f"group.name {lint.STILL_USED}", [alter("name", db_column="title")]),
    (f"group.name {lint.STILL_USED}", [migrations.RemoveField("group", "name")]),
    (f"group.name {lint.STILL_USED}", [migrations.RenameField("group", "name", "title")]),
    (f"Asset {lint.STILL_USED}", [migrations.DeleteModel("Asset")]),
    (f"Asset {lint.STILL_USED}", [migrations.RenameModel("Asset", "Thing")]),
    (f"Asset {lint.STILL_USED}", [migrations.AlterModelTable("Asset", "things")]),
    (f"group {lint.INDEX}", [migrations.AddIndex("group", BY_NAME)]),
    (f"group {lint.INDEX}", [migrations.AddConstraint("group", UNIQUE)]),
    (f"asset, group {lint.TOO_MANY}", [add("asset", null=True), add("group", null=True)]),
    (f"group, user {lint.TOO_MANY}", [migrations.AddField("group", "lead", BARE_LEAD)]),
    (f"{MOVE.describe()} {lint.MIXED}", [add(null=True), MOVE]),
    (f"Raw SQL operation {lint.MIXED}", [add(null=True), migrations.RunSQL("SELECT 1")]),
    (f"group.newer {lint.NO_DEFAULT}", [migrations.SeparateDatabaseAndState([add()])]),
]


@pytest.mark.parametrize(("problem", "operations"), BAD)
def test_it_is_told(problem: str, operations: list[Operation]) -> None:
    assert problem in told(*operations)


def test_what_may_be_null_before_may_not_be_made_to_have_a_value() -> None:
    strict = migrations.AlterField("user", "email", models.CharField(max_length=255))
    assert told(strict) == [f"user.email {lint.STRICTER}"]


def test_outside_a_transaction_each_step_can_run_twice() -> None:
    index = AddIndexConcurrently("group", BY_NAME)
    assert told(index, add(null=True), atomic=False) == [f"Add field newer to group {lint.NOT_AGAIN}"]


@pytest.mark.parametrize(
    ("operations", "atomic"),
    [
        ([add(null=True)], True),
        ([add(default="", db_default="")], True),
        ([add(null=True), TriggersOnSQLite()], True),
        ([TABLE, add("newer"), migrations.AddIndex("newer", BY_NAME), migrations.DeleteModel("Newer")], True),
        ([add(null=True), migrations.RemoveField("group", "newer")], True),
        ([alter("name", max_length=300)], True),
        ([AddIndexConcurrently("group", BY_NAME)], False),
        ([SetDefaults("Group", {"name": ""}), SetDefaults("Asset", {"name": ""}), TriggersOnSQLite()], False),
        ([MOVE], False),
        ([migrations.AlterModelOptions("group", {}), MOVE], False),
    ],
)
def test_nothing_is_said_of_what_is_safe(operations: list[Operation], atomic: bool) -> None:
    assert told(*operations, atomic=atomic) == []


def test_our_own_migrations_are_safe() -> None:
    assert list(lint.problems()) == []
