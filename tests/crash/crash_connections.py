"""Somebody else takes all connections that PostgreSQL has, and lets them go again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Event, Thread

import psycopg
import pytest

from tests.crash.load import (
    asked,
    back_after,
    check,
    health_of,
    now,
    pause,
    portal_on,
    there,
    under_load,
)
from tests.postgres import find_binaries, postgres_url
from tests.processes import finish

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(400)]

WRITERS, TAKEN_FOR, IN_TIME = 16, 15.0, 2.0
END_THE_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND application_name <> 'somebody'"
)


class Somebody:
    """Takes each connection that is free, and ends those of the others, until it is enough."""

    def __init__(self, url: str) -> None:
        self._url, self._enough, self.has_all = url, Event(), Event()

    def run(self) -> None:
        with ExitStack() as all_of_them:
            first = all_of_them.enter_context(closing(self._one()))
            while not self._enough.is_set():
                try:
                    all_of_them.enter_context(closing(self._one()))
                except psycopg.OperationalError:
                    (others,) = first.execute(END_THE_OTHERS).fetchone() or (0,)
                    if not others:
                        self.has_all.set()
                        self._enough.wait(0.2)

    def _one(self) -> psycopg.Connection:
        return psycopg.connect(self._url, application_name="somebody", connect_timeout=5, autocommit=True)

    def leave(self) -> None:
        self._enough.set()


@contextmanager
def all_connections_taken(url: str) -> Iterator[None]:
    somebody = Somebody(url)
    thread = Thread(target=somebody.run, name="somebody", daemon=True)
    thread.start()
    try:
        assert somebody.has_all.wait(60), "some connections are still the portal's"
        yield
    finally:
        somebody.leave()
        finish(thread)


def test_the_portal_says_so_and_is_back_once_there_are_some() -> None:
    with postgres_url(find_binaries()) as database, portal_on(database) as portal:
        with under_load(portal, writers=WRITERS) as (token, journal):
            with all_connections_taken(database):
                pause(1)  # what readiness found is kept for a second
                began, checks = now(), []
                while now() - began < TAKEN_FOR:
                    checks += health_of(portal.origin)
                    pause(1)
                page, seconds = asked(f"{portal.origin}/login/")
            back = back_after(now(), journal, portal.origin)
        slowest = max(seconds for _, seconds in checks)
        check(
            f"no connection left: {len(checks)} health checks, the slowest {slowest:.1f} s; a page {page} after "
            f"{seconds:.1f} s; back after {back:.1f} s; {len(portal.server.log) // 1024} KiB of log",
            journal,
            there(portal, token),
        )
        assert {status for status, _ in checks} == {503}
        assert slowest < IN_TIME
        assert page == 503
