"""Servers on loopback: started on a port of their own, waited for, ended by the id of their process."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import measure
from tests.bench.client import Client
from tests.processes import ROOT, Command, HeldPort, Process, held_port, started

VAR = ROOT / "var" / "bench"
PATIENCE_SECONDS = 60


@dataclass(slots=True)
class Server:
    """A running server. `token` and `prefix` are what its clients need."""

    name: str
    port: int
    pid: int
    token: str = ""
    prefix: str = "/scim/v2"
    facts: dict[str, str] = field(default_factory=dict)

    def client(self) -> Client:
        return Client(self.port, self.prefix, self.token)

    def cpu_seconds(self) -> float:
        return measure.cpu_seconds(self.pid)

    def workers(self) -> list[int]:
        return measure.descendants(self.pid) or [self.pid]

    def cpu_per_request(self, send: Callable[[Client], object], requests: int) -> float:
        """Milliseconds of the server's own CPU time for each of that many requests, one after the other."""
        with self.client() as client:
            before = self.cpu_seconds()
            for _ in range(requests):
                send(client)
            return (self.cpu_seconds() - before) * 1000 / requests

    def p50(self, send: Callable[[Client], float], requests: int) -> float:
        """The median answer time in milliseconds; `send` answers seconds."""
        with self.client() as client:
            return measure.median(send(client) for _ in range(requests)) * 1000


@contextmanager
def running(
    name: str,
    command: Callable[[HeldPort], Command],
    *,
    environment: dict[str, str] | None = None,
    token: str = "",
    prefix: str = "/scim/v2",
) -> Iterator[Server]:
    """The server that `command(port)` starts, for as long as the block runs."""
    with held_port() as port:
        known = {"PORT": str(port.number), "LISTEN": str(port.descriptor)} | (environment or {})
        with started(command(port), environment=clean_environment() | known, port=port) as process:
            _wait(process, port.number)
            yield Server(name, port.number, process.pid, token, prefix)


def clean_environment() -> dict[str, str]:
    """What decides about settings comes from the benchmark alone; this interpreter's tools are found first."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DEBUG", "PUBLIC_URL"}}
    tools = Path(sys.executable).parent
    return kept | {"SECRET_KEY": "benchmark", "DEBUG": "false", "PATH": f"{tools}:{kept.get('PATH', '')}"}


def _wait(process: Process, port: int) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if process.has_ended():
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.fail("did not start")
