"""A PostgreSQL server that froze: nobody waits for it for good (SR-40)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from identity.db.postgresql import base, patience, probe
from identity.db.postgresql.base import DatabaseWrapper
from tests.freezing import Freezer, freezer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def way() -> Iterator[Freezer]:
    """To the server of this run, by an address that can freeze."""
    info: psycopg.ConnectionInfo = connection.connection.info if connection.connection else _opened().info
    with freezer(f"{info.host}/.s.PGSQL.{info.port}") as way:
        yield way


def _opened() -> Any:
    connection.ensure_connection()
    return connection.connection


@pytest.fixture
def wrapper(way: Freezer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseWrapper]:
    """The portal's own kind of connection, through there; it is impatient, so that nobody waits for this test."""
    monkeypatch.setattr(patience, "ASK_AFTER", 0.2)
    monkeypatch.setattr(patience, "_is_there", lambda host, port: probe.answers(host, port, seconds=0.2))
    monkeypatch.setattr(base, "CHECK", 0.2)
    monkeypatch.setattr(base, "_quiet_until", {})
    options = connection.settings_dict["OPTIONS"] | {"host": "127.0.0.1", "port": way.port, "connect_timeout": 2}
    wrapper = DatabaseWrapper(connection.settings_dict | {"OPTIONS": options}, "frozen")
    wrapper.inc_thread_sharing()
    yield wrapper
    wrapper.close()


def first(wrapper: DatabaseWrapper, sql: str) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_a_statement_is_given_up_once_the_server_is_not_there_any_more(way: Freezer, wrapper: DatabaseWrapper) -> None:
    assert first(wrapper, "SELECT 1") == 1
    way.freeze()
    with pytest.raises(OperationalError, match="not there any more"):
        first(wrapper, "SELECT 1")
    way.replace()
    wrapper.close_if_unusable_or_obsolete()
    assert first(wrapper, "SELECT 2") == 2


def test_a_long_statement_is_waited_for_while_the_server_is_there(wrapper: DatabaseWrapper) -> None:
    assert first(wrapper, "SELECT 1 FROM pg_sleep(1)") == 1


def test_a_statement_has_a_limit_of_ours_as_well(wrapper: DatabaseWrapper) -> None:
    """A pooler answers for a server that is frozen behind it."""
    wrapper.ensure_connection()
    wrapper.connection.longest = 0.4
    with pytest.raises(OperationalError, match=r"no answer within 0\.4 s"):
        first(wrapper, "SELECT 1 FROM pg_sleep(60)")


def test_a_transaction_on_a_frozen_server_ends_and_the_next_one_begins(way: Freezer, wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    wrapper.set_autocommit(False)
    first(wrapper, "SELECT 1")
    way.freeze()
    with pytest.raises(OperationalError):
        first(wrapper, "SELECT 1")
    wrapper.close()
    way.replace()
    assert first(wrapper, "SELECT 2") == 2


def test_the_check_of_a_connection_does_not_wait_for_a_frozen_server(way: Freezer, wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    assert wrapper.is_usable()
    way.freeze()
    assert not wrapper.is_usable()


def test_who_could_not_connect_spares_the_others_the_wait(
    way: Freezer, wrapper: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.freeze()
    with pytest.raises(OperationalError, match="timeout"):
        wrapper.ensure_connection()
    with pytest.raises(OperationalError, match="a moment ago"):
        wrapper.ensure_connection()
    way.thaw()
    monkeypatch.setattr(base, "_quiet_until", {})  # the moment is over
    wrapper.ensure_connection()


def test_many_who_wait_ask_once(way: Freezer) -> None:
    asked: list[int] = []

    def ask(host: str, port: int) -> bool:
        asked.append(port)
        return False

    shared = probe.Shared(ask, seconds=60)
    assert [shared("127.0.0.1", way.port) for _ in range(5)] == [False] * 5
    assert asked == [way.port]


@pytest.mark.parametrize("at", ["address", "socket"])
def test_a_server_is_found_at_an_address_and_at_a_socket(way: Freezer, at: str) -> None:
    info = _opened().info
    host, port = ("127.0.0.1", way.port) if at == "address" else (info.host, info.port)
    assert probe.answers(host, port, seconds=5)


def test_nobody_answers_where_nothing_is(way: Freezer) -> None:
    way.freeze()
    assert not probe.answers("127.0.0.1", way.port, seconds=0.2)
    assert not probe.answers("/nowhere", 5432, seconds=0.2)


def test_a_health_check_looks_for_the_other_host_where_the_first_is_not_there(
    way: Freezer, wrapper: DatabaseWrapper
) -> None:
    """Its own connection, which it does not use meanwhile, has not noticed."""
    info = _opened().info
    with freezer(f"{info.host}/.s.PGSQL.{info.port}") as other:
        wrapper.settings_dict["OPTIONS"] |= {"host": "127.0.0.1,127.0.0.1", "port": f"{way.port},{other.port}"}
        with wrapper.in_time(reach=1, answer=5):
            assert wrapper.connection.info.port == way.port
        way.freeze()
        with wrapper.in_time(reach=1, answer=5):
            assert wrapper.connection.info.port == other.port
        other.freeze()
        with pytest.raises(OperationalError, match="not there"), wrapper.in_time(reach=0.4, answer=5):
            pass
