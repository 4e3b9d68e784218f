"""What the numbers were measured on, without names or paths."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench import databases
from tests.bench.registry import Skipped


def describe() -> dict[str, str]:
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{int(_line('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "Django": version("django"),
        "gunicorn": version("gunicorn"),
        "PostgreSQL": _postgresql(),
        "measured on": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _line(file: str, name: str) -> str:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "?"


def _postgresql() -> str:
    try:
        return databases.version()
    except Skipped:
        return "?"
