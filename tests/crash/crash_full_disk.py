"""The disk of the database is full under load, and has room again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.crash.load import asked, back_after, check, now, pause, portal_on, seconds_until, there, under_load
from tests.postgres import find_binaries, postgres_url
from tests.programs import not_here

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(400)]

SIZE, FULL_FOR = "300m", 15.0


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own in memory."""
    folder = Path(mkdtemp(prefix="gatehouse-disk-", dir="/tmp"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "none", str(folder)]
    if subprocess.run(command, check=False, capture_output=True, timeout=60).returncode:
        folder.rmdir()
        not_here("the right to mount", "run it as root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=60)
        folder.rmdir()


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
                file.flush()
        except OSError:
            return filler


def test_the_portal_says_so_and_is_back_once_there_is_room() -> None:
    with (
        small_disk() as disk,
        postgres_url(find_binaries(), disk) as database,
        portal_on(database, threads=8) as portal,
    ):
        with under_load(portal, writers=8, people=100) as (token, journal):
            filler = fill(disk)
            noticed = seconds_until(lambda: asked(f"{portal.origin}/readyz")[0] == 503, limit=60)
            pause(FULL_FOR)
            filler.unlink()
            back = back_after(now(), journal, portal.origin)
        check(
            f"full: noticed after {noticed:.1f} s, back {back:.1f} s after there was room; "
            f"{len(portal.server.log) // 1024} KiB of log",
            journal,
            there(portal, token),
        )
