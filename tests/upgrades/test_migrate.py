"""`manage.py migrate`: one host at a time, and nobody is held up by it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.migrations.state import ProjectState
from django.db.models import QuerySet

from identity.db.migrating import AddIndexConcurrently, MoveInBatches
from identity.db.partitions import parts
from identity.models import Group, ProvisioningLog
from portal.management.commands import migrate
from tests.factories import make_group
from tests.portal.shell import refusal, shell_environment, url_of_this_database
from tests.processes import run, started
from tests.upgrades.databases import empty_database

MIGRATE = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
WAITS = "Another process migrates this database: waiting for it …\n"
HELD = "Others hold what this migration needs"


def on(url: str) -> dict[str, str]:
    return shell_environment() | {"DATABASE_URL": url}


@pytest.mark.django_db
def test_three_hosts_that_start_at_once_on_an_empty_database_all_find_it_migrated(tmp_path: Path) -> None:
    with empty_database(tmp_path) as url, ExitStack() as hosts:
        three = [hosts.enter_context(started(MIGRATE, environment=on(url))) for _ in range(3)]
        assert [(host.exit_code(), host.log.replace(WAITS, "")) for host in three] == [(0, "")] * 3
        assert run([*MIGRATE, "--check"], environment=on(url)).returncode == 0


@pytest.fixture
def altering(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The one migration that waits to be applied alters the table of groups; which tries it took."""
    tries: list[str] = []

    def alter(command: Any, *args: Any, **options: Any) -> None:
        tries.append("begun")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE identity_group ADD COLUMN newer integer")
        tries.append("done")

    monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", alter)
    yield tries
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE identity_group DROP COLUMN IF EXISTS newer")


@pytest.fixture
def report(altering: list[str]) -> Iterator[psycopg.Connection[Any]]:
    """Somebody in the middle of a long report on groups."""
    with psycopg.connect(url_of_this_database()) as report:
        report.execute("SELECT count(*) FROM identity_group")
        yield report


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_migration_waits_for_whoever_reads_and_lets_all_others_go_first(
    report: psycopg.Connection[Any], altering: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(command: migrate.Command) -> None:
        with psycopg.connect(url_of_this_database(), options="-c lock_timeout=1s") as other:
            other.execute("INSERT INTO identity_group (name, name_key) VALUES ('a', 'a')")
        report.rollback()

    monkeypatch.setattr(migrate.Command, "let_others_go_first", meanwhile)
    call_command("migrate")
    assert altering == ["begun", "begun", "done"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_and_gives_up_in_words_when_nobody_lets_it(report: psycopg.Connection[Any], altering: list[str]) -> None:
    assert refusal("migrate", "--patience", "0") == (1, f"{HELD}, for 0 s.")
    assert altering == ["begun"]


# --- what migrations are made of ------------------------------------------------------------------------------------


def carry_out(operation: Any) -> None:
    """As a migration with `atomic = False` does."""
    before = ProjectState.from_apps(apps)
    after = before.clone()
    operation.state_forwards("identity", after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("identity", editor, before, after)


def undo(operation: Any) -> None:
    after = ProjectState.from_apps(apps)
    with_it = after.clone()
    operation.state_forwards("identity", with_it)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("identity", editor, with_it, after)


@pytest.mark.django_db(transaction=True)
def test_an_index_is_made_again_over_half_of_one() -> None:
    name = "group_by_description"
    operation = AddIndexConcurrently("group", models.Index(fields=["description"], name=name))
    index = models.Index(fields=["name"], name=name)
    try:
        if connection.vendor == "postgresql":
            with connection.schema_editor() as editor:
                editor.add_index(Group, index)
        carry_out(operation)
        with connection.cursor() as cursor:
            assert connection.introspection.get_constraints(cursor, "identity_group")[name]["columns"] == [
                "description"
            ]
    finally:
        with connection.schema_editor() as editor:
            editor.remove_index(Group, index)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_table_in_parts_gets_an_index_part_by_part() -> None:
    name, table = "log_by_code", ProvisioningLog._meta.db_table
    operation = AddIndexConcurrently("provisioninglog", models.Index(fields=["code", "id"], name=name))
    half = parts(connection, table)[0]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {name}_{half.end} ON {half.name} (outcome)")
    try:
        for _ in range(2):
            carry_out(operation)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT bool_and(indisvalid), min(pg_get_indexdef(indexrelid)), count(*) FROM pg_index"
                " JOIN pg_inherits ON inhrelid = indexrelid WHERE inhparent = %s::regclass",
                [name],
            )
            is_valid, definition, number = cursor.fetchone()
        assert (is_valid, number) == (True, len(parts(connection, table)))
        assert "(code, id)" in definition
    finally:
        undo(operation)
    with connection.cursor() as cursor:
        assert name not in connection.introspection.get_constraints(cursor, table)


@pytest.mark.django_db(transaction=True)
def test_a_move_that_was_interrupted_goes_on_where_it_was() -> None:
    for number in range(5):
        make_group(f"Group {number}")
    moved: list[list[str]] = []

    def move(rows: QuerySet[Group]) -> None:
        moved.append(sorted(rows.values_list("name", flat=True)))
        rows.update(description="moved")
        if len(moved) == 2:
            raise InterruptedError

    operation = MoveInBatches("Group", move, left=lambda rows: rows.filter(description=""), batch=2)
    with pytest.raises(InterruptedError):
        carry_out(operation)
    assert Group.objects.filter(description="moved").count() == 2
    carry_out(operation)
    assert moved == [["Group 0", "Group 1"], ["Group 2", "Group 3"], ["Group 2", "Group 3"], ["Group 4"]]
    assert not Group.objects.filter(description="").exists()
