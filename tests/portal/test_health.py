"""/livez, /readyz and /healthz: what a balancer is told, and what the log says of it."""

from __future__ import annotations

import logging
import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from identity.services import background, notices
from portal.project import health, probes
from tests import clock
from tests.interruptions import failing
from tests.statements import no_statements

pytestmark = pytest.mark.django_db

YES, NO = (200, b"ready\n", None), (503, b"not ready\n", "5")


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.READINESS_SECONDS = -1
    monkeypatch.setattr(health, "ready", health.Readiness())


def told(client: Client, address: str = probes.READY) -> tuple[int, bytes, str | None]:
    answer = client.get(address)
    return answer.status_code, answer.content, answer.headers.get("Retry-After")


@contextmanager
def taking_no_writes() -> Iterator[None]:
    """As a standby does, or a primary that its provider has closed."""
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
        yield
        cursor.execute(off)


def test_a_portal_that_can_work_is_ready_and_leaves_nothing_behind(client: Client) -> None:
    assert told(client) == YES
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shared_cache")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_is_not_ready_though_it_answers(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with taking_no_writes():
        assert told(client) == NO
        assert told(client, probes.HEALTHY) == (200, b"ok\n", None)
    assert told(client) == YES
    assert [record.levelname for record in caplog.records if record.name == health.__name__] == ["ERROR", "WARNING"]


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_silent_is_not_ready_and_the_process_lives(client: Client, error: type[Exception]) -> None:
    with failing("", error=error):
        assert told(client) == NO
        assert told(client, probes.HEALTHY) == (503, b"database unavailable\n", "5")
        assert told(client, probes.LIVE) == (200, b"ok\n", None)


def test_the_process_lives_without_a_statement(client: Client) -> None:
    with no_statements():
        assert told(client, probes.LIVE) == (200, b"ok\n", None)


def test_a_portal_whose_migrations_wait_is_not_ready(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    one = MigrationRecorder.Migration.objects.get(app="sessions")
    MigrationRecorder.Migration.objects.filter(pk=one.pk).delete()
    assert told(client) == NO
    assert "manage.py migrate" in caplog.text
    one.save(force_insert=True)
    assert told(client) == YES


def test_a_portal_that_leaves_is_not_ready_and_serves_on(client: Client) -> None:
    probes.leave()
    try:
        assert told(client) == NO
        assert client.get("/login/").status_code == 200
    finally:
        probes.stay()


def test_a_full_disk_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        usage = namedtuple("usage", "total used free")(100, 99, 1)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
        assert told(client) == NO
    else:
        with failing("generate_series"):
            assert told(client) == NO


def test_a_queue_that_nobody_works_off_is_told_to_the_log_and_nobody_is_sent_away(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    with clock.ago(minutes=30):
        background.later(notices.deliver, sealed="")
    assert (told(client), told(client)) == (YES, YES)
    assert caplog.text.count("make worker") == 1


def test_who_asks_often_is_told_the_same_and_makes_no_work(client: Client, settings: Any) -> None:
    settings.READINESS_SECONDS = 60
    assert told(client) == YES
    with no_statements():
        assert told(client) == YES


@pytest.mark.parametrize("address", sorted(probes.ADDRESSES))
def test_strangers_are_told_nothing_more(client: Client, address: str, caplog: pytest.LogCaptureFixture) -> None:
    """SR-29: neither why, nor with whom; and nobody but a reader is let in."""
    caplog.set_level(logging.CRITICAL)
    with failing(""):
        answer = client.get(address)
    assert len(answer.content) < 30
    assert "no-cache" in answer["Cache-Control"]
    assert client.post(address).status_code == 405
