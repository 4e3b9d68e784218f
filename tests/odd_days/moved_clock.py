"""The library that moves the clock of whatever loads it (clock.c)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


@contextmanager
def compiled_clock() -> Iterator[Path]:
    """The library that moves the clock, compiled to where PostgreSQL's user can read it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("A C compiler is needed to move the clock of all programs: install gcc and libc6-dev.")
    with tempfile.TemporaryDirectory(prefix="gatehouse-clock-") as folder:
        Path(folder).chmod(0o755)
        library = Path(folder) / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        yield library
