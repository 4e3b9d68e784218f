"""PostgreSQL's part: pg_dump of one snapshot, and psql in one transaction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

from django.db import OperationalError, connection, transaction
from psycopg import errors
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from identity.core.errors import Refused

DEBIAN = Path("/usr/lib/postgresql")
SECONDS_FOR_LOCKS = 20
LOCKED = (
    f"Nothing was saved: a table was locked for {SECONDS_FOR_LOCKS} seconds, by a migration perhaps. Try again when it "
    "is over."
)
# Not `options`, the portal's own limits for a statement; not what other users of the host could read.
LEFT_OUT = {"options", "password", "sslpassword", "connect_timeout"}


def dump(part: Path) -> dict[str, object]:
    """Dump the database; what is said of the dump, from the very snapshot that it has."""
    with _in_time(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(f"SET LOCAL lock_timeout = '{SECONDS_FOR_LOCKS}s'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        cursor.execute("SELECT current_setting('server_version'), count(*) FROM identity_user")
        version, users = cursor.fetchone()
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = cursor.fetchall()
        waits = f"--lock-wait-timeout={SECONDS_FOR_LOCKS}s"
        what = (waits, "--format=custom", "--no-owner", "--no-acl", f"--schema={_schema()}")
        _call("pg_dump", *what, f"--snapshot={snapshot}", f"--file={part}")
    return {"server": f"PostgreSQL {version}", "migrations": migrations, "users": users}


@contextmanager
def _in_time() -> Iterator[None]:
    """Another session is changing a table or waiting to: reading it now would wait as well."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable):
            raise
        raise Refused(LOCKED, code="database_in_use") from error


def restore(part: Path) -> None:
    """Drop what is there and put the dump in its place, in one transaction: nothing is committed before the end."""
    unpack = [tool("pg_restore"), "--no-owner", "--no-acl", f"--schema={_schema()}", "--file=-", str(part)]
    put = [tool("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={conninfo()}"]
    limits = f"SET lock_timeout = '{SECONDS_FOR_LOCKS}s'; SET client_min_messages = warning;"
    begin = "\n".join(["BEGIN;", limits, *_drops(), ""])
    connection.close()
    piped: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with (
        TemporaryFile() as said,
        _running(put, said, **piped) as psql,
        _running(unpack, said, stdout=subprocess.PIPE) as script,
    ):
        into, out = cast("IO[bytes]", psql.stdin), cast("IO[bytes]", script.stdout)
        with suppress(BrokenPipeError):  # psql has said why
            into.write(begin.encode())
            _pass_on(out, into)
            into.write(b"COMMIT;\n" if script.wait() == 0 else b"ROLLBACK;\n")
        with suppress(BrokenPipeError):
            into.close()
        out.close()
        if psql.wait() or script.wait():
            raise _failed("psql", said)


def _pass_on(script: IO[bytes], to: IO[bytes]) -> None:
    """All but a setting in its head that servers before PostgreSQL 17 don't know."""
    for line in script:
        if not line.startswith(b"SET transaction_timeout"):
            to.write(line)
        if line.startswith(b"SELECT pg_catalog.set_config"):
            break
    shutil.copyfileobj(script, to, 1024 * 1024)


def _schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def _drops() -> Iterator[str]:
    """Statements that empty the schema of what belongs to no extension."""
    with connection.cursor() as cursor:
        cursor.execute(OBJECTS)
        for (statement,) in cursor.fetchall():
            yield statement


OBJECTS = """
SELECT format('DROP TABLE IF EXISTS %s CASCADE;', c.oid::regclass) FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND {free}
UNION ALL
SELECT format('DROP %s IF EXISTS %s CASCADE;', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'VIEW' END, c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('S', 'v') AND {free}
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE;', c.oid::regprocedure) FROM pg_proc c
 WHERE c.pronamespace = current_schema()::regnamespace AND {free}
""".format(free="NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')")


def tables() -> set[str]:
    return set(connection.introspection.table_names())


# --- PostgreSQL's programs ---


def tool(name: str) -> str:
    """The program of the server's own release, else of the next newer one. Raises Refused without either."""
    needed = connection.pg_version // 10_000  # type: ignore[attr-defined]  # PostgreSQL's
    found = sorted((_release(path), path) for path in _places(name))
    fit = next((path for release, path in found if release >= needed), None)
    if fit is None:
        there = f"the newest here is of PostgreSQL {found[-1][0]}" if found else "there is none here"
        raise Refused(
            f"{name} of PostgreSQL {needed} or newer is needed, and {there}: install the package "
            f"postgresql-client-{needed} (Debian, Ubuntu), postgresql{needed} (Red Hat) or libpq (Homebrew), and have "
            "it on the PATH.",
            code="database_tool_missing",
        )
    return str(fit)


def _places(name: str) -> Iterator[Path]:
    """On the PATH, and Debian's directories, of which the PATH has only a wrapper."""
    yield from (path for path in DEBIAN.glob(f"*/bin/{name}") if os.access(path, os.X_OK))
    if found := shutil.which(name):
        yield Path(found)


def _release(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, encoding="utf-8", check=False, timeout=20)  # noqa: S603
    release = re.search(r"\) (\d+)", told.stdout)
    return int(release[1]) if release else 0


def conninfo() -> str:
    """As the portal connects, without its passwords."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - LEFT_OUT
    given = connection.get_connection_params()
    return make_conninfo("", **{name: value for name, value in given.items() if name in known and value is not None})


def _environment() -> dict[str, str]:
    given: dict[str, Any] = connection.get_connection_params()
    passwords = {"PGPASSWORD": given.get("password")}
    return os.environ | {name: str(value) for name, value in passwords.items() if value}


def _call(name: str, *arguments: str) -> None:
    with TemporaryFile() as said, _running([tool(name), *arguments, f"--dbname={conninfo()}"], said) as program:
        if program.wait():
            raise _failed(name, said)


@contextmanager
def _running(command: list[str], said: IO[bytes], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """It ends with the block, however that ends."""
    with subprocess.Popen(command, env=_environment(), stderr=said, **more) as program:  # noqa: S603
        try:
            yield program
        finally:
            if program.poll() is None:
                program.kill()


def _failed(name: str, said: IO[bytes]) -> Refused:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    told = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no reason given")
    if "statement timeout" in told and any("LOCK TABLE" in line for line in lines):  # --lock-wait-timeout
        return Refused(LOCKED, code="database_in_use")
    hint = " Stop the portal and its workers first." if "lock timeout" in told else ""
    return Refused(f"{name} failed, and nothing was changed: {told}.{hint}", code="database_tool_failed")
