"""The programs that tests drive: a browser, curl, jq, PgBouncer and a PostgreSQL of this machine's own.

`python -m tests.programs` installs what is missing where that needs no question: as root on Debian. Elsewhere the
tests that need it are skipped and say so; where CI=true promises that all of them run, nothing may be missing.
`python -m tests.programs gcc` wants a compiler as well (tests/odd_days); packages are named as Debian does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import NoReturn

import pytest

from tests.browser.chromium import find_chromium
from tests.postgres import installed_binaries, version_of

SECONDS_TO_INSTALL = 900
CALLED = {"nftables": "nft"}
ALONGSIDE = {"chromium": ["fonts-dejavu-core"], "gcc": ["libc6-dev"]}


def main(further: list[str]) -> int:
    """Install what is missing if we may, else say what follows."""
    if missing(further) and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing(further))
    for name in missing(further):
        sys.stderr.write(f"{name} was not found: the tests that need it {_what_follows()}.\n")
    return 1 if missing(further) and in_ci() else 0


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def not_here(what: str, how: str) -> NoReturn:
    """Skip the test that needs it; in CI, fail it."""
    message = f"{what} is not on this machine: {how}"
    if in_ci():
        pytest.fail(message)
    pytest.skip(message)


def program(name: str) -> str:
    """Where it is; without it, the test is not for this machine."""
    return shutil.which(name) or not_here(name, f"apt-get install {name}")


def missing(further: Iterable[str] = ()) -> list[str]:
    """Which of them, and of `further` ones, are not here, by their packages' names."""
    found = {
        "chromium": find_chromium(),
        "curl": shutil.which("curl"),
        "jq": shutil.which("jq"),
        "pgbouncer": shutil.which("pgbouncer"),
        "postgresql": installed_binaries(),
        **{name: shutil.which(CALLED.get(name, name)) for name in further},
    }
    return [name for name, path in found.items() if path is None]


def versions() -> list[str]:
    """What those that are here say of themselves, for the log."""
    programs = {"Chromium": find_chromium(), **{name: shutil.which(name) for name in ("node", "curl", "jq")}}
    told = [f"{name} {_version(path)}" for name, path in programs.items() if path]
    binaries = installed_binaries()
    return [*told, version_of(binaries)] if binaries else told


def _version(path: str) -> str:
    answer = subprocess.run([path, "--version"], capture_output=True, encoding="utf-8", check=False, timeout=60)
    found = re.search(r"\d+(\.\d+)+", answer.stdout)
    return found[0] if found else "of an unknown version"


def _what_follows() -> str:
    return "cannot run, and CI=true" if in_ci() else "will be skipped"


def _install(names: list[str]) -> None:
    sys.stderr.write(f"Installing {' and '.join(names)} for the tests …\n")
    packages = [package for name in names for package in (name, *ALONGSIDE.get(name, []))]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", *command],
            check=False,
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS_TO_INSTALL,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
