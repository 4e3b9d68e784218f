"""Jobs of tests, and a process of its own that does them: `python -m tests.portal.scheduling FOLDER NUMBER SECONDS`.

Each job writes a line to FOLDER/done and takes so many seconds. It says "ready", and begins when FOLDER/go is there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import django

from tests import clock

LEASE = timedelta(seconds=1.5)


def note(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")


def main(folder: Path, number: int, seconds: float) -> None:
    django.setup()
    from portal.schedule.loop import do_what_is_due  # noqa: PLC0415 - needs the apps loaded

    def writing(name: str) -> Callable[[object], int]:
        def run(actor: object) -> int:
            note(folder / "done", f"{name} {os.getpid()}")
            clock.wait(seconds)
            return 1

        return run

    jobs = made({f"job{each}": writing(f"job{each}") for each in range(number)})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    clock.wait_until((folder / "go").exists, seconds=60)
    do_what_is_due(jobs, LEASE)


def made(runs: dict[str, Callable[..., int]], every: timedelta = timedelta(days=1)) -> tuple[object, ...]:
    """Jobs that are due at once."""
    from identity.services.schedule import Job  # noqa: PLC0415 - needs the apps loaded

    return tuple(Job(name, name.capitalize(), "A job of a test.", every, run, "rows") for name, run in runs.items())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
