"""A PostgreSQL on a host of the tests' network, which can have a standby on another one."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests import clock
from tests.lan import NETWORK, Host
from tests.postgres import find_binaries
from tests.processes import LIMIT, Process, run, started

NOBODY = "nobody"  # PostgreSQL refuses to run as root
OWNER = "gatehouse"


class Database:
    """Its files are in `folder`, which everyone can reach."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.data, self._binaries = host, folder / host.name, find_binaries()
        self.data.mkdir(mode=0o700)
        shutil.chown(self.data, NOBODY)
        self.process: Process | None = None

    def create(self) -> None:
        self._run("initdb", "-D", self.data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with (self.data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.writelines(f"host {which} all {NETWORK}.0/24 trust\n" for which in ("all", "replication"))

    def follow(self, primary: Database) -> None:
        source = f"host={primary.host.address} user={OWNER} application_name={self.host.name}"
        self._run("pg_basebackup", "-d", source, "-D", self.data, "-R", "-X", "stream", "--checkpoint=fast")

    @contextmanager
    def serving(self, **settings: str | int) -> Iterator[Process]:
        """With these settings, for as long as the block runs or until somebody kills it."""
        ours = {"listen_addresses": "*", "unix_socket_directories": ""} | settings
        words = [part for name, value in ours.items() for part in ("-c", f"{name}={value}")]
        command = self.host.words([self._binaries / "postgres", "-D", self.data, *words], user=NOBODY)
        with started(command, cwd=Path("/")) as process:
            self.process = process
            clock.wait_until(lambda: process.has_ended() or self.answers(), seconds=LIMIT)
            if not self.answers():
                process.fail("does not answer")
            yield process

    def kill(self) -> None:
        """All at once, as when a host loses its power; nothing says goodbye but its kernel."""
        assert self.process is not None
        self.process.signal(signal.SIGQUIT)
        self.process.exit_code()

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "-w", "-D", self.data)

    def url(self, address: str = "") -> str:
        return f"postgres://{OWNER}@{address or self.host.address}/postgres"

    def says(self, sql: str) -> Any:
        with psycopg.connect(self.url(), connect_timeout=5, autocommit=True) as session:
            row = session.execute(sql).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None

    def set(self, name: str, value: str) -> None:
        """Of the whole server, at once; a copy made before knows nothing of it."""
        with psycopg.connect(self.url(), connect_timeout=5, autocommit=True) as session:
            session.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # type: ignore[call-overload]
            session.execute("SELECT pg_reload_conf()")

    def answers(self) -> bool:
        try:
            return bool(self.says("SELECT true"))
        except psycopg.OperationalError:
            return False

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = self.host.words([self._binaries / program, *arguments], user=NOBODY)
        run(command, cwd=Path("/"), check=True)
