"""Nothing that tests start outlives them, however they end: Linux itself ends a child whose parent is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

SECONDS_TO_CLEAN_UP = 30
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def dies_with_parent(by: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """For Popen's `preexec_fn`: the signal that the child gets when the process that started it ends, even by a kill.

    Popen changes the user before, which would take the signal back. Other systems know no such thing: there a killed
    run leaves its servers behind.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def in_the_child() -> None:
        if libc is None:
            return
        signal.signal(by, signal.SIG_DFL)  # a shell starts what is in the background with SIGINT ignored
        libc.prctl(PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it ended in between
            os._exit(1)

    return in_the_child


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Told to end, or left by its terminal, a process of ours goes through its `finally` blocks all the same."""
    before = {told: signal.signal(told, _leave) for told in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for told, handler in before.items():
            signal.signal(told, handler)


def _leave(told: int, frame: object) -> NoReturn:
    sys.exit(128 + told)


def start(command: Sequence[str], environment: Mapping[str, str], output: int | None = None) -> subprocess.Popen[bytes]:
    """A run of pytest's, or what runs one: SIGINT is what it cleans up after."""
    return subprocess.Popen(
        command,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        preexec_fn=dies_with_parent(signal.SIGINT),
    )


def run_to_its_end(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Its exit code; if we are told to end before, so is it, and it may clean up first."""
    process = start(command, environment)
    try:
        return process.wait()
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop as Ctrl-C would, and make it stop if it doesn't."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(SECONDS_TO_CLEAN_UP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(SECONDS_TO_CLEAN_UP)
