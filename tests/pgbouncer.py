"""Debian's PgBouncer in transaction mode, before a PostgreSQL that the tests started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests import clock
from tests.processes import LIMIT, started
from tests.programs import not_here

# What is not spelled out is its default: startup parameters that it does not know are refused.
SETTINGS = """
[databases]
* = host={host} user={user}

[pgbouncer]
listen_addr =
unix_socket_dir = {scratch}
auth_type = trust
auth_file = {scratch}/users
admin_users = {user}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 500
server_round_robin = 1
"""


@contextmanager
def pgbouncer(url: str, *, connections: int) -> Iterator[str]:
    """The address of the same database through it, for as long as the block runs; so many connections lead on."""
    program = shutil.which("pgbouncer") or not_here("PgBouncer", "install the package pgbouncer, or `make programs`")
    behind = conninfo_to_dict(url)
    host, user = str(behind["host"]), str(behind["user"])
    # A short path in /tmp: a socket's path is limited to 107 characters.
    with TemporaryDirectory(prefix="gatehouse-pool-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        (scratch / "users").write_text(f'"{user}" ""\n', encoding="utf-8")
        settings = scratch / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(host=host, user=user, scratch=scratch, connections=connections), encoding="utf-8"
        )
        command = [program, str(settings)]
        if os.geteuid() == 0:  # as root it refuses to run
            shutil.chown(scratch, "nobody")
            command += ["--user", "nobody"]
        with started(command) as process:
            pooled = f"postgres://{user}@/{behind['dbname']}?host={scratch}&port=6432"
            clock.wait_until(lambda: process.has_ended() or _answers(pooled), seconds=LIMIT)
            if process.has_ended():
                process.fail("does not answer")
            yield pooled


def console(url: str, command: str) -> list[tuple[Any, ...]]:
    """What the pooler of this address answers to a command of its own."""
    with psycopg.connect(make_conninfo(url, dbname="pgbouncer"), connect_timeout=5, autocommit=True) as admin:
        return admin.execute(command).fetchall()  # type: ignore[call-overload]


def _answers(url: str) -> bool:
    """Without a connection that leads on."""
    try:
        console(url, "SHOW VERSION")
    except psycopg.OperationalError:
        return False
    return True
