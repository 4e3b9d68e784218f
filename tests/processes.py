"""Processes, threads and ports of tests: every wait has a limit, and who misses it is told what the process said.

None outlives the run that started it, however that ends (tests/lifeline.py).
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any, NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from tests import clock
from tests.lifeline import dies_with_parent

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 90.0  # seconds; a busy machine takes ten to start Django
TO_CLEAN_UP = 15.0

Command = Sequence[str | Path]


def run(
    command: Command,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    limit: float = LIMIT,
    check: bool = False,
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """A command to its end; `check` fails if that is no success."""
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    piped |= {} if "input" in more else {"stdin": subprocess.DEVNULL}
    known = {"cwd": cwd, "env": environment, "preexec_fn": dies_with_parent()}
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, timeout=limit, check=False, **{**piped, **known, **more})
    except subprocess.TimeoutExpired as late:
        _fail(words, f"did not end within {limit:g} s", _text(late.stdout) + _text(late.stderr))
    if check and done.returncode:
        _fail(words, f"ended with {done.returncode}", (done.stdout or "") + (done.stderr or ""))
    return done


def _text(said: bytes | str | None) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said or ""


def _fail(command: Sequence[str], what: str, said: str) -> NoReturn:
    raise AssertionError(f"{' '.join(command)[:300]} {what}; it said:\n{said}")


class Process:
    """One that goes on beside the test."""

    def __init__(self, popen: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._popen, self._log, self._unread = popen, log, b""

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def log(self) -> str:
        """What it said so far, but for the lines that are there to be read."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def read_line(self, limit: float = LIMIT) -> str:
        """The next line of its standard output, without the line's end."""
        assert self._popen.stdout is not None, "its standard output is in its log"
        until = time.monotonic() + limit
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._popen.stdout], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._popen.stdout.fileno(), 65_536) if ready else b""
            if not more:
                self.fail("ended without another line" if ready else f"said no line within {limit:g} s")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def hang_up(self) -> None:
        """Read no more of it."""
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def exit_code(self, limit: float = LIMIT) -> int:
        """When it has ended."""
        try:
            return self._popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.fail(f"did not end within {limit:g} s")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._popen.send_signal(number)

    def stop(self) -> None:
        """It and what it started: by asking, else by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.has_ended():
                os.killpg(self.pid, number)
            try:
                self._popen.wait(TO_CLEAN_UP)
            except subprocess.TimeoutExpired:
                continue
            break
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def fail(self, what: str) -> NoReturn:
        _fail([str(word) for word in self._popen.args], what, self._unread.decode(errors="replace") + self.log)


@contextmanager
def started(
    command: Command,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    reads: bool = False,
    port: HeldPort | None = None,
) -> Iterator[Process]:
    """The process for as long as the block runs; with `reads` its standard output is there to be read."""
    with TemporaryFile() as log:
        popen = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if reads else log,
            stderr=log,
            pass_fds=[port.descriptor] if port else [],
            start_new_session=True,
            preexec_fn=dies_with_parent(),
        )
        process = Process(popen, log)
        try:
            yield process
        finally:
            process.stop()


@dataclass(frozen=True, slots=True)
class HeldPort:
    """A port of loopback that is ours: nobody else is given it before its server listens.

    The server takes over the socket (`descriptor`). One that can't may bind the port once more on Linux: SO_REUSEADDR
    lets it while nobody listens.
    """

    socket: socket.socket

    @property
    def number(self) -> int:
        number: int = self.socket.getsockname()[1]
        return number

    @property
    def descriptor(self) -> int:
        return self.socket.fileno()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.number}"


@contextmanager
def held_port() -> Iterator[HeldPort]:
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield HeldPort(held)


def wait_until_it_answers(process: Process, url: str, limit: float = LIMIT) -> None:
    def answers() -> bool:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own server on loopback
                return True
        except (URLError, OSError):
            return False

    clock.wait_until(lambda: process.has_ended() or answers(), seconds=limit)
    if not answers():
        process.fail(f"did not answer at {url} within {limit:g} s")


def finish(thread: Thread, limit: float = LIMIT) -> None:
    """Wait for its end."""
    thread.join(limit)
    assert not thread.is_alive(), f"{thread.name} did not end within {limit:g} s"
