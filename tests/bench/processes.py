"""Servers on loopback: started on a free port, waited for, ended by the id of their process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import measure
from tests.bench.client import Client

ROOT = Path(__file__).resolve().parent.parent.parent
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
    command: Callable[[int], Sequence[str | Path]],
    *,
    environment: dict[str, str] | None = None,
    token: str = "",
    prefix: str = "/scim/v2",
) -> Iterator[Server]:
    """The server that `command(port)` starts, for as long as the block runs."""
    VAR.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (VAR / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command(port)],
            cwd=ROOT,
            env=clean_environment() | {"PORT": str(port)} | (environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts ends with it
        )
    try:
        _wait(process, port, name)
        yield Server(name, port, process.pid, token, prefix)
    finally:
        _end(process)


def clean_environment() -> dict[str, str]:
    """What decides about settings comes from the benchmark alone; this interpreter's tools are found first."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DEBUG", "PUBLIC_URL"}}
    tools = Path(sys.executable).parent
    return kept | {"SECRET_KEY": "benchmark", "DEBUG": "false", "PATH": f"{tools}:{kept.get('PATH', '')}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    for _ in range(PATIENCE_SECONDS * 20):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{name} did not start: see var/bench/{name}.log")


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
