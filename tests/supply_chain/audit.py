"""`make audit`: no lock pins a version that is known to be weak.

By advisories.toml, which people keep: it knows what was looked up on the day it names and nothing newer, so it is a
floor that no lock falls below, and no replacement for a scanner with a database of its own.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import Version

from tests.supply_chain.locks import DEVELOPMENT, RUNTIME, TRACES, packages

ADVISORIES = Path(__file__).with_name("advisories.toml")


@dataclass(frozen=True, slots=True)
class Advisory:
    """A weakness of a package before the version `fixed`; `source` says where this was read."""

    package: str
    id: str
    fixed: str
    source: str


def advisories(file: Path = ADVISORIES) -> tuple[date, list[Advisory]]:
    """When they were last looked up, and all of them."""
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    return said["looked_up"], [Advisory(**entry) for entry in said["advisory"]]


def weak(lock: Path, known: list[Advisory]) -> Iterator[str]:
    """What a lock pins below the version that mends it."""
    pinned = {package.name: Version(package.version) for package in packages(lock)}
    for advisory in known:
        version = pinned.get(advisory.package)
        if version is not None and version < Version(advisory.fixed):
            yield f"{lock.name}: {advisory.package} {version} has {advisory.id}; mended in {advisory.fixed}"


def main() -> int:
    """How many were found."""
    looked_up, known = advisories()
    found = [line for lock in (RUNTIME, TRACES, DEVELOPMENT) for line in weak(lock, known)]
    for line in found:
        sys.stderr.write(f"{line}\n")
    if not found:
        sys.stdout.write(f"All locks are past all {len(known)} advisories that were known on {looked_up}.\n")
    return len(found)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
