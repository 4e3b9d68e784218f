"""A log table gets parts while others write to it, without a copy, and is one table again on the way back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from identity.db.partitions import IDS_EACH
from tests import clock
from tests.portal.shell import shell_environment
from tests.processes import finish, run
from tests.upgrades.databases import empty_database
from tests.upgrades.schema import schema_of

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db]

BEFORE = "0044"
FIRST_END = 2 * IDS_EACH  # of a log whose newest id is below that of the first
LOG = "identity_provisioninglog"
TABLES = (LOG, "identity_auditevent", "identity_auditpersonaldata")
COLUMNS = "request_id, method, resource_type, user_id, identity_provider_id, outcome, status, duration_ms"
ONE_MORE = (
    f"INSERT INTO {LOG} ({COLUMNS}) SELECT md5(n::text), 'POST', 'User', 1, 1, 'applied', 201, n"
    " FROM generate_series(%s::int, %s::int) n"
)
ITS_EVENT = (
    "WITH event AS (INSERT INTO identity_auditevent (action, actor_kind, request_id)"
    " SELECT 'a', 'b', md5(n::text) FROM generate_series(%s::int, %s::int) n RETURNING id)"
    " INSERT INTO identity_auditpersonaldata (event_id, user_id) SELECT id, 1 FROM event"
)
PERSON = (
    "INSERT INTO identity_identityprovider (id, name, name_key, kind, asks_before_adopting, created_at)"
    " VALUES (1, 'Okta', 'okta', 'okta', false, now());"
    "INSERT INTO identity_user (id, password, username, username_key, email, email_key, first_name, last_name, status,"
    " role, is_break_glass, credential_epoch, password_epoch, created_at)"
    " VALUES (1, '', 'ada', 'ada', 'a@x', 'a@x', 'Ada', 'L', 'enabled', 'member', false, 0, 0, now())"
)


def by_part(connection: psycopg.Connection[Any], table: str) -> dict[str, int]:
    """How many rows each part has; the table itself, if it has none."""
    counted = f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1"
    return dict(connection.execute(counted).fetchall())


def log(connection: psycopg.Connection[Any], first: int, last: int) -> None:
    """Requests with these numbers, each with an event and its personal values."""
    for statement in (ONE_MORE, ITS_EVENT):
        connection.execute(statement, [first, last])


def migrate(url: str, *target: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", *target]
    run(command, environment=shell_environment() | {"DATABASE_URL": url}, check=True)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[str]:
    """A database of before, with rows in its log, and a role that may read them."""
    with empty_database(tmp_path) as url:
        migrate(url, "identity", BEFORE)
        with psycopg.connect(url) as connection:
            connection.execute(PERSON)
            log(connection, 1, 500)
            connection.execute(f"GRANT SELECT ON {LOG} TO PUBLIC")
        yield url


@contextmanager
def writing(url: str) -> Iterator[list[int]]:
    """Somebody who logs all the time; how many rows so far, each its own transaction."""
    stop, written = Event(), [0]

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                log(connection, 501 + written[0], 501 + written[0])
                written[0] += 1

    thread = Thread(target=write)
    thread.start()
    try:
        assert clock.wait_until(lambda: written[0] > 10)
        yield written
    finally:
        stop.set()
        finish(thread)


def test_logs_get_parts_under_writers_and_are_whole_again_on_the_way_back(filled: str) -> None:
    before = schema_of(filled)
    with writing(filled) as written:
        migrate(filled, "identity")
        done = written[0]
        assert clock.wait_until(lambda: written[0] > done + 10)
    rows = 500 + written[0]
    with psycopg.connect(filled, autocommit=True) as connection:
        for table in TABLES:
            assert by_part(connection, table) == {f"{table}_first": rows}
        numbers = f"SELECT count(DISTINCT duration_ms), max(duration_ms) FROM {LOG}"
        assert connection.execute(numbers).fetchone() == (rows, rows)
        assert connection.execute(f"SELECT has_table_privilege('pg_monitor', '{LOG}', 'SELECT')").fetchone() == (True,)
        for table in TABLES[:2]:
            connection.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {FIRST_END - 1}")
        log(connection, rows + 1, rows + 2)
        for table in TABLES:
            assert by_part(connection, table) == {f"{table}_first": rows + 1, f"{table}_from_{FIRST_END}": 1}
        for name in (TABLES[1], f"{TABLES[1]}_first", f"{TABLES[1]}_from_{FIRST_END}"):
            with pytest.raises(psycopg.IntegrityError, match="is permanent"):
                connection.execute(f"DELETE FROM {name}")
    migrate(filled, "identity", BEFORE)
    assert schema_of(filled) == before
    with psycopg.connect(filled, autocommit=True) as connection:
        log(connection, rows + 3, rows + 3)
        for table in TABLES:
            assert by_part(connection, table) == {table: rows + 3}
        assert connection.execute(f"SELECT max(id) FROM {LOG}").fetchone() == (FIRST_END + 1,)
        with pytest.raises(psycopg.IntegrityError, match="is permanent"):
            connection.execute(f"DELETE FROM {TABLES[1]}")


def test_what_was_interrupted_goes_on(filled: str) -> None:
    """It has the check, and was stopped before it had the lock; meanwhile it was written on."""
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {LOG} ADD CONSTRAINT {LOG}_end CHECK (id < 400) NOT VALID")
    migrate(filled)
    with psycopg.connect(filled, autocommit=True) as connection:
        log(connection, 501, 501)
        assert by_part(connection, LOG) == {f"{LOG}_first": 501}
