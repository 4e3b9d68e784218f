"""Databases of the benchmarks: cloned from one template, filled set-based."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.bench import measure, payloads, probe
from tests.bench.processes import ROOT, clean_environment
from tests.bench.registry import Skipped
from tests.processes import run

MARK = "0000000"  # in the seed's identifiers; a copy has its own number there
PREFIX = "gatehouse_bench_"
TO_MANAGE = 1800.0  # seconds; a million people are migrated and analysed


def url(name: str) -> str:
    """The address of a database on the server that DATABASE_URL names."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        raise Skipped("no PostgreSQL: run `make bench`, or python -m tests.postgres -- python -m tests.bench")
    return urlsplit(given)._replace(path=f"/{name}").geturl()


def connect(name: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(url(name), autocommit=True)


@cache
def token() -> str:
    """The SCIM token that every database knows; makes the template when first asked."""
    _create(f"{PREFIX}template", "template0")
    environment = {"DATABASE_URL": url(f"{PREFIX}template")}
    manage("migrate", "--verbosity", "0", **environment)
    owner = ("--username", "olga", "--email", "olga@example.test", "--password", "correct horse battery staple")
    manage("create_owner", *owner, **environment)
    return manage("create_scim_token", "--idp", "Bench", "--kind", "entra", **environment).strip()


def fresh(name: str) -> str:
    """The address of a new portal's database, with the token and the owner olga and nobody else."""
    token()
    _create(f"{PREFIX}{name}", f"{PREFIX}template")
    return url(f"{PREFIX}{name}")


def copy(source: str, name: str) -> str:
    """The address of a copy of a database that was filled before."""
    _create(f"{PREFIX}{name}", f"{PREFIX}{source}")
    return url(f"{PREFIX}{name}")


def empty(name: str) -> str:
    """The address of a database without tables, for a peer."""
    _create(f"{PREFIX}{name}", "template0")
    return url(f"{PREFIX}{name}")


def _create(name: str, template: str) -> None:
    with connect() as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def drop_all() -> None:
    """Leave the server as it was found."""
    with connect() as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"]).fetchall()
        for (name,) in names:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(*arguments: str, **environment: str) -> str:
    """Run a management command of Gatehouse; what it prints."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    wanted = clean_environment() | {"STATEMENT_TIMEOUT": "0"} | environment
    return run(command, environment=wanted, limit=TO_MANAGE, check=True).stdout


@cache
def sqlite_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="gatehouse-bench-"))


def sqlite() -> tuple[str, str]:
    """The address of a new portal's SQLite database, and its token."""
    address = f"sqlite:///{sqlite_directory() / f'{time.monotonic_ns()}.sqlite3'}"
    manage("migrate", "--verbosity", "0", DATABASE_URL=address)
    return address, manage("create_scim_token", "--idp", "Bench", DATABASE_URL=address).strip()


# --- filling ----------------------------------------------------------------------------------------------


@cache
def people(count: int) -> str:
    """The address of a database with that many provisioned users; they are only read, so that it can be shared."""
    address = fresh(f"people_{count}")
    seed(address, "POST", "/Users", payloads.user(f"user{MARK}"))
    with connect(f"{PREFIX}people_{count}") as connection:
        _without_triggers(connection)
        people_ids = {"id": "seed.id + n"}
        copies = count - 1
        _multiply(connection, "identity_user", copies, people_ids, "username_key LIKE 'user%'")
        linked = people_ids | {"user_id": "seed.user_id + n", "scim_id": "md5('user' || n)::uuid"}
        _multiply(connection, "identity_ssouser", copies, linked)
        _multiply(connection, "identity_ssouservalue", copies, {"id": None, "sso_user_id": "seed.sso_user_id + n"})
        _settle(connection, "identity_user", "identity_ssouser")
    return address


def groups(address: str, count: int, members: int) -> None:
    """Add that many SSO groups with that many members each."""
    seed(address, "POST", "/Groups", payloads.group(f"Group {MARK}"))
    with psycopg.connect(address, autocommit=True) as connection:
        _without_triggers(connection)
        own = {"id": "seed.id + n", "scim_id": "md5('group' || n)::uuid"}
        _multiply(connection, "identity_ssogroup", count - 1, own, "display_name_key LIKE 'group%'")
        connection.execute(
            "WITH people AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM identity_ssouser)"
            " INSERT INTO identity_ssomembership (sso_group_id, sso_user_id)"
            " SELECT g.id, people.id FROM identity_ssogroup g, generate_series(1, %s) m, people"
            " WHERE people.place = (g.id * 31 + m) %% (SELECT count(*) FROM people) + 1",
            [members],
        )
        _settle(connection, "identity_ssogroup", "identity_ssomembership")


def fill_group(address: str, group_id: str, members: int) -> list[str]:
    """Give one group that many members; their SCIM ids."""
    with psycopg.connect(address, autocommit=True) as connection:
        rows = connection.execute(
            "WITH joined AS (INSERT INTO identity_ssomembership (sso_group_id, sso_user_id)"
            " SELECT g.id, u.id FROM identity_ssogroup g,"
            " (SELECT id FROM identity_ssouser ORDER BY id LIMIT %s) u WHERE g.scim_id = %s RETURNING sso_user_id)"
            " SELECT u.scim_id FROM identity_ssouser u JOIN joined ON joined.sso_user_id = u.id",
            [members, group_id],
        ).fetchall()
        _settle(connection, "identity_ssomembership")
    return [str(row[0]) for row in rows]


def scim_ids(address: str, count: int) -> list[str]:
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT scim_id FROM identity_ssouser ORDER BY id LIMIT %s", [count]).fetchall()
    return [str(row[0]) for row in rows]


def rows_in(address: str) -> int:
    """All rows of the domain's tables together."""
    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'identity_%'").fetchall()
        counts = [connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() for (table,) in tables]
    return sum(count[0] for count in counts if count)


def seed(address: str, method: str, path: str, body: payloads.Document) -> payloads.Document:
    """What Gatehouse answers to one request, without a server: rows that are multiplied are ones that it wrote."""
    answer = probe.ask(address, token(), [probe.request("seed", method, path, body)], repeat=0)[0]
    if answer["status"] != 201:
        raise RuntimeError(f"the seed was refused: {answer}")
    return dict(json.loads(answer["text"]))


def _without_triggers(connection: psycopg.Connection) -> None:
    """Foreign keys of copies hold by construction; checking a million of them takes minutes."""
    try:
        connection.execute("SET session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        return


def _multiply(
    connection: psycopg.Connection, table: str, copies: int, special: dict[str, str | None], where: str = "true"
) -> None:
    """Copies of a table's seed rows, the number `n` in place of the mark; `special` gives other expressions."""
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
        [table],
    ).fetchall()
    chosen = {name: special.get(name, _copied(name, kind)) for name, kind in columns}
    used = {name: expression for name, expression in chosen.items() if expression is not None}
    connection.execute(
        f"INSERT INTO {table} ({', '.join(used)}) SELECT {', '.join(used.values())}"
        f" FROM (SELECT * FROM {table} WHERE {where}) seed, generate_series(1, {copies}) n"
    )


def _copied(name: str, kind: str) -> str:
    if kind in {"character varying", "text", "jsonb"}:
        return f"replace(seed.{name}::text, '{MARK}', lpad(n::text, {len(MARK)}, '0'))::{kind}"
    return f"seed.{name}"


def _settle(connection: psycopg.Connection, *tables: str) -> None:
    for table in tables:
        connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
    connection.execute("VACUUM ANALYZE")


# --- the database server ----------------------------------------------------------------------------------


@cache
def _postmaster() -> int | None:
    """The server's main process, if it runs on this machine."""
    with connect() as connection:
        row = connection.execute("SELECT pg_backend_pid(), inet_server_addr() IS NULL").fetchone()
        try:
            return measure.parent(row[0]) if row and row[1] else None
        except (FileNotFoundError, ProcessLookupError):
            return None


def cpu_seconds() -> float:
    """The CPU time of the database server and its ended backends; 0 when it runs elsewhere."""
    postmaster = _postmaster()
    return measure.cpu_seconds(postmaster) if postmaster else 0.0


def version() -> str:
    with connect() as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]).split(" ", 1)[0] if row else "?"
