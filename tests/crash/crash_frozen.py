"""The database's host freezes under load: connections stay open, and nothing answers any more (SR-40)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.conformance.portal_process import Portal, manage, of_a_portal, server_command
from tests.crash.load import CUT, asked, now, pause, providers_at_work, seconds_until, there
from tests.freezing import Freezer, freezer
from tests.processes import held_port, started, wait_until_it_answers

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

WRITERS = 48  # more than the server's threads: 2 workers × 16
FROZEN_FOR = 20.0  # seconds
IN_TIME, BACK_WITHIN = 2.0, 30.0


@contextmanager
def portal_behind(way: Freezer) -> Iterator[Portal]:
    database = f"postgres://gatehouse@127.0.0.1:{way.port}/{connection.settings_dict['NAME']}"
    with held_port() as port:
        environment = of_a_portal(database, port)
        command = [*server_command(port), "--workers", "2", "--threads", "16"]
        with started(command, environment=environment, port=port) as server:
            wait_until_it_answers(server, f"{port.origin}/readyz")
            yield Portal(f"{port.origin}/scim/v2", environment, server)


@pytest.fixture
def way() -> Iterator[Freezer]:
    connection.ensure_connection()
    info: Any = connection.connection.info
    with freezer(f"{info.host}/.s.PGSQL.{info.port}") as way:
        yield way


@pytest.mark.parametrize("how", ["replaced", "thawed", "stopped"])
def test_the_portal_says_so_and_is_back_by_itself(how: str, way: Freezer) -> None:
    """`replaced`: another host takes over the address; `stopped`: the server's processes themselves (SIGSTOP)."""
    with portal_behind(way) as portal:
        origin = portal.base_url.removesuffix("/scim/v2")
        token = manage(portal.environment, "create_scim_token", "--idp", "Okta")
        with providers_at_work(origin, token, writers=WRITERS) as journal:
            seconds_until(lambda: len(journal.made) > 200, limit=120)
            began = now()
            with frozen(how, way):
                checks = [check for _ in range(4) for check in looked_at(origin)]
                page, seconds = asked(f"{origin}/login/")
                while now() - began < FROZEN_FOR:
                    checks += looked_at(origin)
            over = now()
            back = seconds_until(lambda: journal.has_made_since(over), limit=BACK_WITHIN)
            seconds_until(lambda: asked(f"{origin}/readyz")[0] == 200, limit=BACK_WITHIN)
            pause(3)
        before, found = journal.statuses(), there(portal, token)
        slowest = max(seconds for _, seconds in checks)
        sys.stderr.write(
            f"\n{how}: {len(checks)} health checks, the slowest {slowest:.1f} s; a page: {page} after {seconds:.1f} s; "
            f"back after {back:.1f} s; answers {dict(before)}; {len(found - journal.made)} of {len(journal.in_doubt)} "
            "in doubt were done\n"
        )
        assert {status for status, _ in checks} == {503}
        assert slowest < IN_TIME
        assert page == 503
        assert set(before) <= {201, 503, CUT}
        assert journal.made <= found <= journal.made | journal.in_doubt


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
