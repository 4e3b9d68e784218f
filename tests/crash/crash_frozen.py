"""The database's host freezes under load: connections stay open, and nothing answers any more (SR-40)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.crash.load import asked, back_after, check, now, pause, portal_on, there, under_load
from tests.freezing import Freezer, freezer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

WRITERS = 48  # more than the server's threads: 2 workers × 16
FROZEN_FOR = 20.0  # seconds
IN_TIME = 2.0


@pytest.fixture
def way() -> Iterator[Freezer]:
    connection.ensure_connection()
    info: Any = connection.connection.info
    with freezer(f"{info.host}/.s.PGSQL.{info.port}") as way:
        yield way


@pytest.mark.parametrize("how", ["replaced", "thawed", "stopped"])
def test_the_portal_says_so_and_is_back_by_itself(how: str, way: Freezer) -> None:
    """`replaced`: another host takes over the address; `stopped`: the server's processes themselves (SIGSTOP)."""
    database = f"postgres://gatehouse@127.0.0.1:{way.port}/{connection.settings_dict['NAME']}"
    with portal_on(database) as portal:
        with under_load(portal, writers=WRITERS) as (token, journal):
            began = now()
            with frozen(how, way):
                checks = [found for _ in range(4) for found in looked_at(portal.origin)]
                page, seconds = asked(f"{portal.origin}/login/")
                while now() - began < FROZEN_FOR:
                    checks += looked_at(portal.origin)
            back = back_after(now(), journal, portal.origin)
        slowest = max(seconds for _, seconds in checks)
        told = f"{len(checks)} health checks, the slowest {slowest:.1f} s; a page: {page} after {seconds:.1f} s"
        check(f"{how}: {told}; back after {back:.1f} s", journal, there(portal, token))
        assert {status for status, _ in checks} == {503}
        assert slowest < IN_TIME
        assert page == 503


def looked_at(origin: str) -> list[tuple[int, float]]:
    found = [asked(f"{origin}/{name}") for name in ("healthz", "readyz")]
    status, seconds = asked(f"{origin}/livez")
    assert (status, seconds < IN_TIME) == (200, True)
    pause(1)
    return found


@contextmanager
def frozen(how: str, way: Freezer) -> Iterator[None]:
    if how == "stopped":
        with stopped_server():
            yield
        return
    way.freeze()
    yield
    way.replace() if how == "replaced" else way.thaw()


@contextmanager
def stopped_server() -> Iterator[None]:
    """SIGSTOP for the server that this run started, and for all that it started."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory')")
        data = Path(cursor.fetchone()[0])
    main = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
    everyone = [main, *children_of(main)]
    for process in everyone:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in everyone:
            os.kill(process, signal.SIGCONT)


def children_of(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]
