"""The whole suite, as `make test` runs it: `python -m tests.suite [--workers N] [--whole] [-- PYTEST ARGUMENTS…]`.

Its lanes run at the same time. One is the linters; the others are a pytest each: the browser; everything else on SQLite
and on the PostgreSQL of the development tools; and what is about the database itself on the PostgreSQL that is
installed on this machine. The cases of a test are dealt out between them (tests/dealing.py). The exit code is 0 only if
all passed.

var/tests has a log and a JUnit file of each lane, written as it goes, and the servers' logs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests import durations, programs
from tests.dealing import ABOUT_THE_DATABASE
from tests.environment import without_database
from tests.lifeline import end, start, stopped_by_signals
from tests.postgres import installed_binaries

OUTPUT = Path(__file__).resolve().parent.parent / "var" / "tests"
PYTEST = (sys.executable, "-m", "pytest")
ON_POSTGRESQL = (sys.executable, "-m", "tests.postgres")
SECONDS_BETWEEN_SIGNS_OF_LIFE = 60
MOST_SECONDS = 45 * 60  # a lane that takes longer hangs where even its tests' own limits don't reach
ALLOWED_SKIPS_IN_CI = 0


@dataclass
class Lane:
    """One pytest; `before` is what starts it, a server for instance. Or another `command`, without a report."""

    name: str
    arguments: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    database: str = "sqlite"
    command: tuple[str, ...] = ()
    after: str = ""  # starts only when the lane of that name has ended
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    code: int | None = None
    seconds: float = field(default=0.0)

    @property
    def log(self) -> Path:
        return OUTPUT / f"{self.name}.log"

    @property
    def report(self) -> Path:
        return OUTPUT / f"{self.name}.xml"

    def start(self, given: list[str]) -> None:
        self.began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = start(
                self.command or self._pytest(given),
                without_database() | {"EXPECT_DATABASE": self.database, "PYTHONUNBUFFERED": "1"},
                output=log.fileno(),
            )

    def _pytest(self, given: list[str]) -> list[str]:
        own = ("-o", f"cache_dir=.pytest_cache/{self.name}", f"--junitxml={self.report}")
        return [*self.before, *PYTEST, *own, *self.arguments, *given]

    def poll(self) -> bool:
        """Whether it has ended just now."""
        if self.process is None or self.code is not None:
            return False
        self.seconds = time.monotonic() - self.began
        self.code = self.process.poll()
        if self.code is None and self.seconds > MOST_SECONDS:
            end(self.process)
            self.code = 124
        return self.code is not None

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)

    def progress(self) -> str:
        """As pytest shows it at the end of a line: " 34%"."""
        told = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        percent = told.rpartition("%]")[0].rpartition("[")[2].strip()
        return f"{self.name} {percent or 0}%"


def lanes(workers: int, *, whole: bool = False) -> Iterator[Lane]:
    """With `whole`, every case of a test runs on every database (tests/dealing.py)."""
    spread = ("-n", str(workers), "--dist", "loadfile") if workers > 1 else ()

    def dealt(lane: str) -> tuple[str, ...]:
        return spread if whole else ("--dealt", lane, *spread)

    yield Lane("lint", command=("make", "lint"))
    yield Lane("browser", ("tests/browser",))
    fast = "" if whole else " and not slow"
    yield Lane("sqlite", ("-m", f"not browser{fast}", *dealt("sqlite")))
    everything = ("-m", f"not browser and not once{fast}", *dealt("postgresql"))
    yield Lane("postgresql", everything, (*ON_POSTGRESQL, "--wheel", "--"), "postgresql")
    if installed_binaries() is not None:
        name = "postgresql-installed"
        before = (*ON_POSTGRESQL, "--installed", "--")
        yield Lane(name, (*ABOUT_THE_DATABASE, *dealt(name)), before, "postgresql", after="browser")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.suite", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--workers", type=int, default=max(2, (os.cpu_count() or 2) // 2), help="of each lane but the browser's"
    )
    parser.add_argument("--whole", action="store_true", help="every case on both databases")
    parser.add_argument("pytest", nargs="*", help="what every pytest is given besides")
    said = parser.parse_args(arguments)
    if programs.in_ci():
        said.pytest = [f"--most-skips={ALLOWED_SKIPS_IN_CI}", *said.pytest]
    OUTPUT.mkdir(parents=True, exist_ok=True)
    _say(f"{sys.version.split()[0]} · " + " · ".join(programs.versions()))
    with stopped_by_signals():
        ended = run(list(lanes(said.workers, whole=said.whole)), said.pytest)
    durations.tell({lane.name: lane.report for lane in ended})
    for lane in ended:
        _say(f"{lane.name}: {_last_line(lane)} (exit code {lane.code}, {lane.seconds:.0f} s)")
    return max((lane.code or 0 for lane in ended), key=abs)


def run(waiting: list[Lane], given: list[str]) -> list[Lane]:
    """Each lane from its start to its end, whose log is then printed."""
    running: list[Lane] = []
    ended: list[Lane] = []
    sign_of_life = time.monotonic()
    with ExitStack() as at_the_end:
        while waiting or running:
            for lane in [lane for lane in waiting if lane.after in {"", *(done.name for done in ended)}]:
                waiting.remove(lane)
                lane.start(given)
                at_the_end.callback(lane.stop)
                running.append(lane)
            time.sleep(0.2)
            for lane in [lane for lane in running if lane.poll()]:
                running.remove(lane)
                ended.append(lane)
                _say(f"=== {lane.name}")
                _say(lane.log.read_text(encoding="utf-8", errors="replace"))
            if time.monotonic() - sign_of_life > SECONDS_BETWEEN_SIGNS_OF_LIFE:
                sign_of_life = time.monotonic()
                _say(" · ".join(lane.progress() for lane in running))
    return ended


def _last_line(lane: Lane) -> str:
    lines = lane.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip("= ") if lines else "said nothing"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
