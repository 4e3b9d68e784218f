"""Making a backup and restoring one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import connection

from identity.core.errors import Refused
from portal.backup import archive, keys, postgresql, schema, sqlite
from portal.backup.archive import DATABASE, KEYS, Manifest
from portal.backup.keys import Keys
from portal.project.version import version

DATABASES: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
OURS = "identity_user"


def make(file: Path, *, passphrase: str = "", with_keys: bool = True) -> Manifest:
    """A consistent snapshot of the running portal's database, and the keys that decrypt it."""
    if file.exists():
        raise Refused(f"{file} exists, and a backup replaces no file.", code="backup_exists")
    if not file.absolute().parent.is_dir():
        raise Refused(f"There is no directory {file.parent}.", code="backup_nowhere")
    with archive.workshop(file.absolute().parent) as folder:
        parts = [folder / DATABASE]
        told = DATABASES[connection.vendor].dump(parts[0])
        archive.compress(parts[0])
        current = Keys.of_this_host()
        if with_keys:
            parts.append(folder / KEYS)
            current.write(parts[1])
        return archive.write(file, parts, {**facts(), **told, "key": current.fingerprint}, passphrase)


def facts() -> Manifest:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"made_at": now, "version": version(), "database": connection.vendor}


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored portal still needs: migrations, and keys that only its environment can give it."""

    manifest: Manifest
    migrations: int
    keys_in: Path | None
    is_key_missing: bool


def restore(file: Path, *, passphrase: str = "", replace: bool = False, really: bool = True) -> Restored:
    """All of the backup or nothing of it; raises Refused before anything is touched."""
    database = DATABASES[connection.vendor]
    with archive.workshop(settings.DATA_DIR) as folder:
        manifest = archive.read(file, folder, passphrase)
        fits(manifest)
        is_free(database, replace=replace)
        part = folder / "plain"
        archive.decompress(folder / DATABASE, part)
        saved = Keys.read(folder / KEYS) if KEYS in manifest["files"] else None
        if really:
            with keys.put_in_place_after(saved if not keys.is_given() else None):
                database.restore(part)
        return restored(manifest, saved, really=really)


def fits(manifest: Manifest) -> None:
    """This host's database is of the backup's kind, and this release knows its schema."""
    kind = manifest["database"]
    if kind != connection.vendor:
        here = NAMES[connection.vendor]
        raise Refused(
            f"The backup is of {NAMES.get(kind, kind)}, and DATABASE_URL names {here}.", code="backup_of_other_database"
        )
    if newer := schema.unknown([(app, name) for app, name in manifest["migrations"]]):
        told = ".".join(newer[-1])
        raise Refused(
            f"The backup is of release {manifest['version']}, which is newer than this one: {told} is not known here. "
            "Install that release first.",
            code="backup_of_newer_release",
        )


def is_free(database: ModuleType, *, replace: bool) -> None:
    tables = database.tables()
    if tables and OURS not in tables:
        raise Refused("The database holds tables of something else: give the portal its own.", code="database_not_ours")
    if tables and not replace and _users():
        raise Refused(
            "This portal has users already: --replace deletes all of them and everything else in its database.",
            code="portal_not_empty",
        )


def _users() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {OURS} LIMIT 1")  # noqa: S608 - a constant
        return cursor.fetchone() is not None


def restored(manifest: Manifest, saved: Keys | None, *, really: bool) -> Restored:
    here = Keys.of_this_host()
    is_other = manifest["key"] != here.fingerprint
    by_environment = saved is not None and (bool(saved.earlier) or (keys.is_given() and is_other))
    return Restored(
        manifest,
        migrations=schema.missing([(app, name) for app, name in manifest["migrations"]]),
        keys_in=keys.hand_over(saved) if saved and by_environment and really else None,
        is_key_missing=saved is None and is_other,
    )
