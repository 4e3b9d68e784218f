"""A log table gets parts while others write to it, without a copy, and is one table again on the way back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from tests import clock
from tests.portal.shell import shell_environment
from tests.processes import finish, run
from tests.upgrades.databases import empty_database
from tests.upgrades.schema import schema_of

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

BEFORE = "0044"
LOG = "identity_provisioninglog"
COLUMNS = "request_id, method, resource_type, user_id, identity_provider_id, outcome, status, duration_ms"
ONE_MORE = (
    f"INSERT INTO {LOG} ({COLUMNS}) SELECT md5(n::text), 'POST', 'User', 1, 1, 'applied', 201, n"
    " FROM generate_series(%s::int, %s::int) n"
)
PERSON = (
    "INSERT INTO identity_identityprovider (id, name, name_key, kind, asks_before_adopting, created_at)"
    " VALUES (1, 'Okta', 'okta', 'okta', false, now());"
    "INSERT INTO identity_user (id, password, username, username_key, email, email_key, first_name, last_name, status,"
    " role, is_break_glass, credential_epoch, password_epoch, created_at)"
    " VALUES (1, '', 'ada', 'ada', 'a@x', 'a@x', 'Ada', 'L', 'enabled', 'member', false, 0, 0, now())"
)
OF_WHICH = "SELECT tableoid::regclass::text, count(*) FROM identity_provisioninglog GROUP BY 1 ORDER BY 1"


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
            connection.execute(ONE_MORE, [1, 500])
            connection.execute(f"GRANT SELECT ON {LOG} TO PUBLIC")
        yield url


@contextmanager
def writing(url: str) -> Iterator[list[int]]:
    """Somebody who logs all the time; how many rows so far, each its own transaction."""
    stop, written = Event(), [0]

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(ONE_MORE, [501 + written[0]] * 2)
                written[0] += 1

    thread = Thread(target=write)
    thread.start()
    try:
        assert clock.wait_until(lambda: written[0] > 10)
        yield written
    finally:
        stop.set()
        finish(thread)


def test_a_log_gets_parts_under_writers_and_back(filled: str) -> None:
    before = schema_of(filled)
    with writing(filled) as written:
        migrate(filled, "identity")
        done = written[0]
        assert clock.wait_until(lambda: written[0] > done + 10)
    rows = 500 + written[0]
    with psycopg.connect(filled, autocommit=True) as connection:
        assert connection.execute(OF_WHICH).fetchall() == [(f"{LOG}_first", rows)]
        assert connection.execute(f"SELECT count(DISTINCT duration_ms), max(duration_ms) FROM {LOG}").fetchone() == (
            rows,
            rows,
        )
        assert connection.execute(f"SELECT has_table_privilege('pg_monitor', '{LOG}', 'SELECT')").fetchone() == (True,)
        [(first_end, ahead)] = connection.execute(
            "SELECT min(substring(c.relname FROM '\\d+')::bigint), count(*) FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
            [LOG],
        ).fetchall()
        assert ahead >= 4
        connection.execute(f"ALTER TABLE {LOG} ALTER COLUMN id RESTART WITH {first_end - 1}")
        connection.execute(ONE_MORE, [rows + 1, rows + 2])
        assert [count for _, count in connection.execute(OF_WHICH).fetchall()] == [rows + 1, 1]
    migrate(filled, "identity", BEFORE)
    assert schema_of(filled) == before
    with psycopg.connect(filled) as connection:
        connection.execute(ONE_MORE, [rows + 3] * 2)
        assert connection.execute(OF_WHICH).fetchall() == [(LOG, rows + 3)]
        assert connection.execute(f"SELECT max(id) FROM {LOG}").fetchone() == (first_end + 1,)


def test_what_was_interrupted_goes_on(filled: str) -> None:
    """It has the check, and was stopped before it had the lock; meanwhile it was written on."""
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {LOG} ADD CONSTRAINT {LOG}_end CHECK (id < 400) NOT VALID")
    migrate(filled)
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute(ONE_MORE, [501, 501])
        assert connection.execute(OF_WHICH).fetchall() == [(f"{LOG}_first", 501)]
