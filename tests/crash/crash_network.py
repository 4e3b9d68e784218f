"""The cable of the database's host loses packets under load, or is pulled and put back (SR-40)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cluster.database import Database
from tests.conformance.portal_process import Portal
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
from tests.lan import lan

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(400)]

WRITERS = 48  # more than the server's threads: 2 workers × 16
BROKEN_FOR, IN_TIME = 20.0, 2.0


@contextmanager
def portal_and_its_database() -> Iterator[tuple[Portal, Database]]:
    with lan() as network, TemporaryDirectory(prefix="gatehouse-net-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        database = Database(network.host("db", 31), Path(folder))
        database.create()
        with database.serving(fsync="off"), portal_on(database.url()) as portal:
            yield portal, database


@pytest.mark.parametrize("lost", [5, 30])
def test_lost_packets_are_sent_again(lost: int) -> None:
    """What is slow then may be told to try again; nothing else."""
    with portal_and_its_database() as (portal, database):
        with under_load(portal, writers=WRITERS) as (token, journal):
            began, before = now(), len(journal.made)
            database.host.loses(lost)
            while now() - began < BROKEN_FOR:
                health_of(portal.origin)
            meanwhile = len(journal.made) - before
            database.host.loses(0)
            back = back_after(now(), journal, portal.origin)
        told = f"{lost} % of packets lost: {meanwhile} made meanwhile; back after {back:.1f} s"
        check(told, journal, there(portal, token))
        assert meanwhile


def test_a_pulled_cable_is_noticed_and_work_goes_on_once_it_is_back() -> None:
    with portal_and_its_database() as (portal, database):
        with under_load(portal, writers=WRITERS) as (token, journal):
            database.host.loses(100)
            began, checks = now(), []
            while now() - began < BROKEN_FOR:
                checks += health_of(portal.origin)
                pause(1)
            page, seconds = asked(f"{portal.origin}/login/")
            database.host.loses(0)
            back = back_after(now(), journal, portal.origin)
        slowest = max(seconds for _, seconds in checks)
        told = f"{len(checks)} health checks, the slowest {slowest:.1f} s; a page {page} after {seconds:.1f} s"
        check(f"pulled: {told}; back after {back:.1f} s", journal, there(portal, token))
        assert {status for status, _ in checks} == {503}
        assert slowest < IN_TIME
        assert page == 503
