"""A portal of our own for the length of a run: the production server on loopback, over a scratch database."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from tests import clock

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Portal:
    """Where it is found."""

    base_url: str
    environment: dict[str, str]

    @property
    def database(self) -> str:
        return self.environment["DATABASE_URL"].partition(":")[0]

    def token(self) -> str:
        """A SCIM token of a new identity provider, which sees only what it made itself."""
        return manage(self.environment, "create_scim_token", "--idp", f"Conformance {secrets.token_hex(4)}")


@contextmanager
def running_portal() -> Iterator[Portal]:
    """Start it, and stop it afterwards; the database is the one of DATABASE_URL, else a scratch SQLite file."""
    with TemporaryDirectory(prefix="gatehouse-conformance-") as scratch:
        port = _free_port()
        environment = _environment(scratch, port)
        manage(environment, "migrate", "--verbosity", "0")
        server = _serve(environment, port)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", server)
            yield Portal(f"http://127.0.0.1:{port}/scim/v2", environment)
        finally:
            server.terminate()
            server.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(scratch: str, port: int) -> dict[str, str]:
    database = os.environ.get("DATABASE_URL") or f"sqlite:///{scratch}/portal.sqlite3"
    ours = {
        "DATABASE_URL": database,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "false",
    }
    return {**os.environ, **ours}


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return done.stdout.strip()


def _serve(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    """As `make serve` does, with one worker."""
    gunicorn = ["-m", "gunicorn", "--config", "python:portal.server", "portal.wsgi", "--bind", f"127.0.0.1:{port}"]
    settings = ["--workers", "1", "--threads", "4", "--log-level", "warning"]
    return subprocess.Popen([sys.executable, *gunicorn, *settings], cwd=ROOT, env=environment)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 -- our own server on loopback
                return True
        except (URLError, OSError):
            return False

    clock.wait_until(lambda: answers() or server.poll() is not None, seconds=START_SECONDS)
    if not answers():
        raise RuntimeError(f"the portal did not answer at {url}")
