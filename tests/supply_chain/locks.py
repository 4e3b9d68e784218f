"""The lock files, read as `uv pip compile` writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RUNTIME, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
TRACES = ROOT / "requirements-traces.lock"  # beside the first, where there is a collector

_PINNED = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via)?\s+(?P<name>[\w.-]+)(?: \(.*\))?$")


@dataclass(frozen=True, slots=True)
class Package:
    """One that is locked: the digests of its files, and by whom it is needed."""

    name: str
    version: str
    digests: tuple[str, ...]
    needed_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: Path) -> list[Package]:
    """In the lock's order."""
    entries: list[list[str]] = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if _PINNED.match(line):
            entries.append([])
        if entries:
            entries[-1].append(line)
    return [_package(lines) for lines in entries]


def _package(lines: list[str]) -> Package:
    pinned = _PINNED.match(lines[0])
    assert pinned is not None
    digests = tuple(digest for line in lines for digest in _HASH.findall(line))
    via = tuple(found["name"] for line in lines if (found := _VIA.match(line)) and found["name"] != "via")
    return Package(pinned["name"], pinned["version"], digests, via)
