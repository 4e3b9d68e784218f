"""The disk of the database is full under load, and has room again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.conformance.portal_process import Portal, manage, of_a_portal, server_command
from tests.crash.load import CUT, asked, now, pause, providers_at_work, seconds_until, there
from tests.postgres import find_binaries, postgres_url
from tests.processes import held_port, started, wait_until_it_answers
from tests.programs import not_here

pytestmark = [pytest.mark.postgresql, pytest.mark.timeout(400)]

SIZE, FULL_FOR, BACK_WITHIN = "300m", 15.0, 30.0


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
    with small_disk() as disk, postgres_url(find_binaries(), disk) as database, held_port() as port:
        environment = of_a_portal(database, port)
        manage(environment, "migrate", "--verbosity", "0")
        command = [*server_command(port), "--workers", "2", "--threads", "8"]
        with started(command, environment=environment, port=port) as server:
            wait_until_it_answers(server, f"{port.origin}/readyz")
            token = manage(environment, "create_scim_token", "--idp", "Okta")
            with providers_at_work(port.origin, token, writers=8) as journal:
                seconds_until(lambda: len(journal.made) > 100, limit=120)
                filler = fill(disk)
                noticed = seconds_until(lambda: asked(f"{port.origin}/readyz")[0] == 503, limit=60)
                pause(FULL_FOR)
                filler.unlink()
                room = now()
                back = seconds_until(lambda: journal.has_made_since(room), limit=BACK_WITHIN)
                seconds_until(lambda: asked(f"{port.origin}/readyz")[0] == 200, limit=BACK_WITHIN)
            found = there(Portal(f"{port.origin}/scim/v2", environment, server), token)
            sys.stderr.write(
                f"\nfull: noticed after {noticed:.1f} s, back {back:.1f} s after there was room; answers "
                f"{dict(journal.statuses())}; {len(server.log) // 1024} KiB of log\n"
            )
            assert set(journal.statuses()) <= {201, 503, CUT}
            assert journal.made <= found <= journal.made | journal.in_doubt
