"""The primary dies and its standby is promoted under load; the portal knows both by one DATABASE_URL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from tests.crash.load import CUT, asked, back_after, now, portal_on, seconds_until, there, under_load
from tests.postgres import find_binaries

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(400)]


class Server:
    """A PostgreSQL in `folder`, of the user that may run one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.binaries = folder, folder / "data", find_binaries()
        folder.mkdir(mode=0o755)
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            for path in (folder, self.data):
                subprocess.run(["chown", "nobody", path], check=True, timeout=60)

    def run(self, program: str, *arguments: str | Path) -> None:
        known: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
        words = [str(self.binaries / program), *map(str, arguments)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120, **known)

    def control(self, *arguments: str | Path) -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", *arguments)

    def start(self, more: str = "") -> None:
        self.control("-o", f"-c listen_addresses= -c unix_socket_directories={self.folder} {more}", "start")

    def says(self, sql: str) -> Any:
        with psycopg.connect(host=str(self.folder), user="gatehouse", dbname="postgres", autocommit=True) as session:
            row = session.execute(sql).fetchone()
            return row[0] if row else None


@contextmanager
def primary_and_standby(folder: Path, *, synchronous: bool) -> Iterator[tuple[Server, Server]]:
    folder.chmod(0o755)
    primary, standby = Server(folder / "a"), Server(folder / "b")
    primary.run("initdb", "-D", primary.data, "-U", "gatehouse", "-A", "trust", "-E", "UTF8", "--locale=C")
    primary.start()
    try:
        standby.run("pg_basebackup", "-h", primary.folder, "-U", "gatehouse", "-D", standby.data, "-R", "-X", "stream")
        standby.start("-c cluster_name=standby")
        seconds_until(lambda: primary.says("SELECT count(*) FROM pg_stat_replication") == 1, limit=60)
        if synchronous:
            primary.control("-o", "", "status")
            with psycopg.connect(host=str(primary.folder), user="gatehouse", dbname="postgres", autocommit=True) as one:
                one.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                one.execute("SELECT pg_reload_conf()")
        yield primary, standby
    finally:
        for server in (standby, primary):
            if (server.data / "postmaster.pid").exists():
                server.control("-m", "immediate", "stop")


@pytest.mark.parametrize("synchronous", [True, False], ids=["synchronous", "asynchronous"])
def test_the_portal_finds_the_promoted_standby(synchronous: bool) -> None:
    with (
        TemporaryDirectory(prefix="gatehouse-ha-", dir="/tmp") as folder,
        primary_and_standby(Path(folder), synchronous=synchronous) as (primary, standby),
        portal_on(f"postgres://gatehouse@/postgres?host={primary.folder},{standby.folder}", threads=8) as portal,
    ):
        with under_load(portal, writers=8, people=100) as (token, journal):
            primary.control("-m", "immediate", "stop")
            seconds_until(lambda: asked(f"{portal.origin}/readyz")[0] == 503, limit=30)
            standby.control("promote")
            back = back_after(now(), journal, portal.origin)
        found = there(portal, token)
        lost = journal.made - found
        sys.stderr.write(
            f"\n{'synchronous' if synchronous else 'asynchronous'}: back {back:.1f} s after the promotion; answers "
            f"{dict(journal.statuses())}; {len(lost)} of {len(journal.made)} acknowledged writes lost\n"
        )
        assert set(journal.statuses()) <= {201, 503, CUT}
        assert found <= journal.made | journal.in_doubt
        assert not (lost and synchronous)
