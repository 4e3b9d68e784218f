"""A portal of our own for the length of a run: the production server on loopback, over a scratch database."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from tests.processes import HeldPort, Process, held_port, run, started, wait_until_it_answers


@dataclass(frozen=True, slots=True)
class Portal:
    """Where it is found."""

    base_url: str
    environment: dict[str, str]
    server: Process

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/scim/v2")

    @property
    def database(self) -> str:
        return self.environment["DATABASE_URL"].partition(":")[0]

    def token(self) -> str:
        """A SCIM token of a new identity provider, which sees only what it made itself."""
        return manage(self.environment, "create_scim_token", "--idp", f"Conformance {secrets.token_hex(4)}")


@contextmanager
def running_portal(*, workers: int = 1) -> Iterator[Portal]:
    """Start it, and stop it afterwards; the database is the one of DATABASE_URL, else a scratch SQLite file."""
    with TemporaryDirectory(prefix="gatehouse-conformance-") as scratch, held_port() as port:
        environment = of_a_portal(os.environ.get("DATABASE_URL") or f"sqlite:///{scratch}/portal.sqlite3", port)
        manage(environment, "migrate", "--verbosity", "0")
        with started(server_command(port, workers=workers), environment=environment, port=port) as server:
            wait_until_it_answers(server, f"{port.origin}/healthz")
            yield Portal(f"{port.origin}/scim/v2", environment, server)


def of_a_portal(database: str, port: HeldPort) -> dict[str, str]:
    """Its environment."""
    ours = {
        "DATABASE_URL": database,
        "PUBLIC_URL": port.origin,
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "false",
        "DRAIN_SECONDS": os.environ.get("DRAIN_SECONDS", "0"),
    }
    return {**os.environ, **ours}


def manage(environment: dict[str, str], *arguments: str) -> str:
    return run([sys.executable, "manage.py", *arguments], environment=environment, check=True).stdout.strip()


def server_command(port: HeldPort, *, workers: int = 1) -> list[str]:
    """As `make serve` starts it."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:portal.project.server", "portal.wsgi"]
    settings = ["--workers", str(workers), "--threads", "4", "--log-level", "warning"]
    return [*gunicorn, "--bind", f"fd://{port.descriptor}", *settings]
