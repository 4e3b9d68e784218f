"""The database of a test run is a copy of a template, which is migrated once for each digest of the migrations.

SQLite: a file of var/tests that is copied. PostgreSQL: a database of the server, `CREATE DATABASE … TEMPLATE`. Each
process of a run has a copy of its own, and drops it at the end. A test that commits leaves it empty again.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from identity.db.permanence import install_triggers, remove_triggers
from identity.models import AccessSettings

FOLDER = settings.BASE_DIR / "var" / "tests"
OUR_IMPORTS = re.compile(r"^(?:from|import) (identity(?:\.\w+)*)", re.MULTILINE)
LAID_BY_MIGRATIONS = frozenset({"auth_permission", "django_content_type"})
KEPT_TEMPLATES = 3
LOCK = 0x6A7E  # of PostgreSQL's advisory ones


@contextmanager
def own_database(worker: str, folder: Path) -> Iterator[None]:
    """The connection leads to a new database for as long as the block runs; `folder` is where SQLite's file lies."""
    before = connection.settings_dict["NAME"]
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    try:
        with make(worker, folder) as name:
            _point(connection, name)
            yield
            connection.close()
    finally:
        _point(connection, before)


def empty(wrapper: BaseDatabaseWrapper) -> None:
    """As the template is: without a row, but for those that migrations laid."""
    quoted = [wrapper.ops.quote_name(table) for table in _tables(wrapper.alias)]
    with transaction.atomic(using=wrapper.alias), wrapper.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {table})" for table in quoted))
        filled = [table for table, has_rows in zip(quoted, cursor.fetchone(), strict=True) if has_rows]
        if wrapper.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")  # triggers of rows see nothing of it
        else:
            remove_triggers(wrapper)
            for table in filled:
                cursor.execute(f"DELETE FROM {table}")
            install_triggers(wrapper)
        AccessSettings.objects.using(wrapper.alias).create()


@cache
def _tables(alias: str) -> list[str]:
    names = connections[alias].introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - LAID_BY_MIGRATIONS)


def digest() -> str:
    """Changes with the migrations, with what they call, and with the libraries that bring migrations of their own."""
    migrations = sorted(settings.BASE_DIR.glob("*/migrations/*.py"))
    sources = [settings.BASE_DIR / "requirements.lock", Path(__file__), *migrations, *_called_by(migrations)]
    whole = hashlib.sha256()
    for source in sources:
        whole.update(source.read_bytes())
    return whole.hexdigest()[:16]


def _called_by(migrations: list[Path]) -> list[Path]:
    names = {name for file in migrations for name in OUR_IMPORTS.findall(file.read_text(encoding="utf-8"))}
    paths = [settings.BASE_DIR.joinpath(*name.split(".")) for name in sorted(names)]
    return [path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py" for path in paths]


def _point(wrapper: BaseDatabaseWrapper, name: str) -> None:
    wrapper.close()
    settings.DATABASES[wrapper.alias]["NAME"] = wrapper.settings_dict["NAME"] = name


def _migrate(name: str) -> None:
    _point(connection, name)
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()


# --- SQLite: in a file, as in production; in memory, all threads would share one connection ---------------------------


def migrated_sqlite(file: Path) -> str:
    """A new file, for a portal that runs in a process of its own: what DATABASE_URL says of it."""
    shutil.copyfile(_sqlite_template(), file)
    return f"sqlite:///{file}"


@contextmanager
def _sqlite(worker: str, folder: Path) -> Iterator[str]:
    file = folder / f"test-{worker}.sqlite3"
    migrated_sqlite(file)
    try:
        yield str(file)
    finally:
        for leftover in folder.glob(f"{file.name}*"):
            leftover.unlink()


def _sqlite_template() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"template-{digest()}.sqlite3"
    with (FOLDER / "template.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            _migrate(str(unfinished))  # the last connection that closes writes the log back into the file
            unfinished.rename(file)
            _forget_old_templates()
    file.touch()
    return file


def _forget_old_templates() -> None:
    by_age = sorted(FOLDER.glob("template-*.sqlite3"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in by_age[KEPT_TEMPLATES:]:
        file.unlink()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


@contextmanager
def _postgresql(worker: str, folder: Path) -> Iterator[str]:
    name = f"test_{settings.DATABASES[connection.alias]['NAME']}_{worker}"
    template = f"gatehouse_template_{digest()}"
    quoted = connection.ops.quote_name
    drop = f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)"
    with connection.creation._nodb_cursor() as cursor:
        # The portal gives up a statement long before another worker has made the template on a busy machine.
        cursor.execute("SET statement_timeout = '10min'; SET lock_timeout = '10min'")
        # A lock of the session, not of a transaction: CREATE DATABASE takes part in none.
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
            if cursor.fetchone() is None:
                unfinished = f"{template}_unfinished"
                cursor.execute(f"DROP DATABASE IF EXISTS {quoted(unfinished)} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {quoted(unfinished)}")
                _migrate(unfinished)
                cursor.execute(f"ALTER DATABASE {quoted(unfinished)} RENAME TO {quoted(template)}")
            cursor.execute(drop)
            cursor.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)}")
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    yield name
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(drop)
