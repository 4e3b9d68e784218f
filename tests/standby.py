"""A standby of the PostgreSQL that the tests have, with all its databases: it follows, stops, dies and is back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests import clock, processes
from tests.lifeline import dies_with_parent
from tests.postgres import as_nobody, binaries_for_everyone, installed_binaries, stop, version_of, wheel_binaries
from tests.programs import not_here

# A standby needs as many of these as its primary has.
AS_MANY = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions")
CHEAP = ("listen_addresses=", "fsync=off", "shared_buffers=64MB", "wal_receiver_status_interval=1")


class Standby:
    """`url` is that of the primary's database there."""

    def __init__(self, primary: str, binaries: Path, scratch: Path) -> None:
        self._primary, self._binaries, self._scratch = primary, binaries, scratch
        self.url = (
            f"postgres://{conninfo_to_dict(primary)['user']}@/{conninfo_to_dict(primary)['dbname']}?host={scratch}"
        )
        self._server: subprocess.Popen[bytes] | None = None

    def copy(self) -> None:
        """With what it takes to follow."""
        data = self._scratch / "data"
        command = [
            self._binaries / "pg_basebackup",
            "-d",
            self._primary,
            "-D",
            data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
        ]
        processes.run([*command, "-c", "fast", "--no-sync"], check=True, **_unprivileged())

    def start(self) -> None:
        known = [f"{name}={self.asked(f'SHOW {name}', self._primary)}" for name in AS_MANY]
        said = [*CHEAP, *known, f"unix_socket_directories={self._scratch}"]
        options = [word for option in said for word in ("-c", option)]
        with (self._scratch / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._scratch / "data", *options],
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=dies_with_parent(signal.SIGQUIT),
                **as_nobody(),
            )
        assert clock.wait_until(self._answers), (self._scratch / "log").read_text(encoding="utf-8")

    def stop(self) -> None:
        if self._server:
            stop(self._server)
        self._server = None

    def freeze(self) -> None:
        """All its processes: connections stay open, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def pause(self) -> None:
        """It has the primary's log from now on, and shows nothing of it."""
        self.asked("SELECT pg_wal_replay_pause()")
        assert clock.wait_until(lambda: self.asked("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.asked("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Wait until it shows all that the primary has now."""
        place = self.asked("SELECT pg_current_wal_lsn()", self._primary)
        reached = f"SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn"
        assert clock.wait_until(lambda: self.asked(reached)), "the standby does not follow"

    def asked(self, statement: str, url: str = "") -> Any:
        with psycopg.connect(url or self.url, autocommit=True, connect_timeout=5) as session:
            row = session.execute(statement).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None

    def _answers(self) -> bool:
        assert self._server
        if self._server.poll() is not None:
            return True
        try:
            return bool(self.asked("SELECT pg_is_in_recovery()"))
        except psycopg.OperationalError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._server
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text(encoding="ascii")
        for pid in (self._server.pid, *map(int, children.split())):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, number)


@contextmanager
def standby(primary: str) -> Iterator[Standby]:
    """One that follows, for as long as the block runs."""
    with TemporaryDirectory(prefix="gatehouse-standby-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        if as_nobody()["user"]:
            shutil.chown(scratch, "nobody")
        found = Standby(primary, binaries_for_everyone(_binaries_of(primary), scratch), scratch)
        found.copy()
        found.start()
        try:
            yield found
        finally:
            found.stop()


def _binaries_of(primary: str) -> Path:
    with psycopg.connect(primary) as session:
        version = session.info.server_version // 10_000
    known = [path for path in (installed_binaries(), wheel_binaries()) if path]
    same = [path for path in known if int(version_of(path).split()[1].partition(".")[0]) == version]
    return same[0] if same else not_here(f"a PostgreSQL {version}", "its programs make the standby of a test")


def _unprivileged() -> dict[str, Any]:
    known = as_nobody()
    return {"cwd": known["cwd"], "environment": known["env"], "user": known["user"]}
