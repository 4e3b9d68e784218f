"""The last release serves on while its database is brought to this one, and this one reads right what it wrote.

`make upgrade-test FROM=COMMIT` upgrades from any other commit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from tests import clock
from tests.conformance.portal_process import of_a_portal, server_command
from tests.databases import migrated_sqlite
from tests.portal.shell import url_of_this_database
from tests.processes import ROOT, HeldPort, Process, held_port, run, started, wait_until_it_answers
from tests.upgrades import old_release
from tests.upgrades.databases import empty_database
from tests.upgrades.released import COMMIT
from tests.upgrades.schema import schema_of
from tests.upgrades.traffic import FILL, OWNER, PASSWORD, Host, Traffic

pytestmark = pytest.mark.django_db

FROM = os.environ.get("UPGRADE_FROM") or COMMIT
ROUNDS = 2  # of all kinds of requests, after the schema is the new one


def test_what_is_kept_of_the_last_release_is_that() -> None:
    assert old_release.commit_of_kept() == COMMIT


def manage(code: Path, environment: dict[str, str], *arguments: str) -> str:
    done = run([sys.executable, "manage.py", *arguments], environment=environment, cwd=code, check=True)
    return done.stdout.strip()


@contextmanager
def serving(code: Path, environment: dict[str, str], port: HeldPort) -> Iterator[Process]:
    command = server_command(port)
    if not (code / "portal" / "project" / "server.py").exists():  # where the settings were before
        command = [word.replace("portal.project.server", "portal.server") for word in command]
    with started(command, environment=environment, cwd=code, port=port) as server:
        wait_until_it_answers(server, f"{port.origin}/healthz")
        yield server


def of_today(folder: Path) -> str:
    """A database that today's migrations made from nothing."""
    return migrated_sqlite(folder / "today.sqlite3") if connection.vendor == "sqlite" else url_of_this_database()


def test_hosts_of_two_releases_serve_on_one_schema_and_read_each_others_rows(tmp_path: Path) -> None:
    old = old_release.unpack(FROM, tmp_path / "old")
    with empty_database(tmp_path) as url, held_port() as port, held_port() as other:
        environment = of_a_portal(url, port) | {"PYTHONPATH": ""}
        scim, rest = manage(old, environment, "shell", "--verbosity", "0", "--command", FILL).splitlines()[-1].split()
        with ExitStack() as hosts:
            last = hosts.enter_context(serving(old, environment, port))
            before, after = (Host(each.origin, scim, rest) for each in (port, other))
            with Traffic(before, before.signed_in(OWNER, PASSWORD)) as traffic:
                wait_for(traffic, 1)
                manage(ROOT, environment, "migrate", "--verbosity", "0")
                wait_for(traffic, traffic.rounds + ROUNDS)
                new = hosts.enter_context(serving(ROOT, environment, other))
                with Traffic(after, after.signed_in(OWNER, PASSWORD)) as of_the_new:
                    wait_for(of_the_new, ROUNDS)
                wait_for(traffic, traffic.rounds + 1)
            assert (traffic.wrong, of_the_new.wrong) == ([], []), last.log[-3000:] + new.log[-3000:]
            written, read = before.everything(), after.everything()
        assert schema_of(url) == schema_of(of_today(tmp_path))
    assert len(written) == 2 * (traffic.rounds + of_the_new.rounds)
    assert written.keys() == read.keys()
    assert [row for id, row in written.items() if not row.items() <= read[id].items()] == []


def wait_for(traffic: Traffic, rounds: int) -> None:
    clock.wait_until(lambda: traffic.rounds >= rounds or bool(traffic.wrong), seconds=120)
