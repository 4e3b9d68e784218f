"""`manage.py backup` and `manage.py restore`: the same portal on another host, all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from identity.models import User
from identity.services import schedule
from portal.backup import archive, postgresql, schema
from portal.schedule.jobs import JOBS
from tests.clients import new_idp
from tests.factories import make_break_glass, make_user
from tests.portal.shell import answer, in_a_shell, refusal, run, shell_environment
from tests.postgres import wheel_binaries
from tests.scim.helpers import user_body

pytestmark = pytest.mark.django_db(transaction=True)

TRAFFIC = "tests/scim/idp_traffic/okta__provision-user.json"
PASSPHRASE = "correct horse battery staple"
HERE = "https://127.0.0.1:1"  # a certificate is not looked for far away
Host = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the server of this run."""
    if connection.vendor == "postgresql":
        monkeypatch.setenv("PATH", f"{wheel_binaries()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def other_host(project: Path, tmp_path: Path) -> Iterator[Host]:
    """Runs commands on an empty host: a folder and a database of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    with empty_database(tmp_path) as url:

        def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
            here = {"DATA_DIR": str(folder), "DATABASE_URL": url, "PUBLIC_URL": HERE, "EMAIL_URL": "memorymail://"}
            return in_a_shell(project, *words, **here | environment)

        yield command


class empty_database:  # noqa: N801 - read as a function
    """A database of this run's kind with nothing in it: its address."""

    def __init__(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'other.sqlite3'}"

    def __enter__(self) -> str:
        if connection.vendor == "postgresql":
            self._do("CREATE DATABASE {}")
            self.url = urlsplit(shell_environment()["DATABASE_URL"])._replace(path=f"/{self._name}").geturl()
        return self.url

    def __exit__(self, *error: object) -> None:
        if connection.vendor == "postgresql":
            self._do("DROP DATABASE {} WITH (FORCE)")

    @property
    def _name(self) -> str:
        return f"{connection.settings_dict['NAME']}_other"

    def _do(self, statement: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            server.execute(sql.SQL(statement).format(sql.Identifier(self._name)))


def company() -> None:
    """People, an identity provider that called, a sealed secret, and a schedule that has begun."""
    make_break_glass()
    schedule.prepare(JOBS)
    new_idp("Okta").post("/Users", user_body("ada"))
    run(
        "create_sso_connection", "Okta", "oidc", "--issuer", "https://idp.example", "--client-id", "portal",
        "--client-secret", "s3cret",
    )  # fmt: skip


def attention(host: Host, **environment: str) -> set[str]:
    told = json.loads(host("doctor", "--json", **environment).stdout)
    return {one["check"] for one in told["findings"] if one["mend"]} - {"durability"}  # tests' servers don't sync


def forge(file: Path, **changes: Any) -> Path:
    """The backup with other facts in its manifest, or with other bytes in a part of it and right checksums."""
    forged = file.with_suffix(".forged")
    with tarfile.open(file) as old, tarfile.TarFile(forged, mode="w") as new:
        parts = {info.name: old.extractfile(info).read() for info in old}  # type: ignore[union-attr]  # all are files
        manifest = json.loads(parts.pop("manifest.json"))
        if content := changes.pop("database", b""):
            (file.parent / "part").write_bytes(content)
            parts["database"] = content
            told = {"bytes": len(content), "sha256": archive.digest(file.parent / "part")}
            manifest["files"]["database"] = told
        for name, content in {"manifest.json": json.dumps(manifest | changes).encode(), **parts}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            new.addfile(info, BytesIO(content))
    return forged


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    make_user("ada")
    run("backup", str(file := tmp_path / "gatehouse.backup"))
    return file


# --- there and back ---


def test_a_backup_is_the_same_portal_on_an_empty_host(other_host: Host, tmp_path: Path) -> None:
    company()
    file = tmp_path / "gatehouse.backup"
    told = answer("backup", str(file))
    assert (told["manifest"]["users"], told["encrypted"]) == (2, False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    dry = other_host("restore", str(file))
    assert (dry.returncode, "--yes restores the portal and its 2 users" in dry.stdout) == (0, True), dry.stderr
    assert not list((tmp_path / "other").glob("*.sqlite3"))
    done = other_host("restore", str(file), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["next"] == ["Run `manage.py doctor`."]
    assert attention(other_host) == set()
    assert other_host("export_users").stdout.splitlines() == run("export_users").splitlines()
    played = other_host("replay", "--idp", "Okta", TRAFFIC, "--yes")
    assert played.returncode == 0, played.stdout + played.stderr
    key = tmp_path / "other" / "secret_key"
    assert key.read_text(encoding="ascii").strip() == settings.SECRET_KEY
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["secret_key", "static"]


def test_it_goes_over_a_portal_in_use_only_when_told_and_then_leaves_nothing_of_it(
    other_host: Host, saved: Path, tmp_path: Path
) -> None:
    assert other_host("restore", str(saved), "--yes").returncode == 0
    User.objects.all().delete()
    make_user("ben")
    run("backup", str(later := tmp_path / "later"))
    refused = other_host("restore", str(later), "--yes", "--json")
    assert refused.returncode == 5
    assert json.loads(refused.stderr)["error"]["code"] == "portal_not_empty"
    broken = other_host("restore", str(forge(later, database=broken_database(later))), "--replace", "--yes")
    assert (broken.returncode, "Traceback" in broken.stderr) == (5, False), broken.stderr
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["secret_key", "static"]
    assert "ada" in other_host("list_users").stdout
    assert other_host("restore", str(later), "--replace", "--yes").returncode == 0
    listed = other_host("list_users").stdout
    assert ("ada" in listed, "ben" in listed) == (False, True)


def broken_database(file: Path) -> bytes:
    """A database that ends in the middle, packed as whole ones are."""
    with tarfile.open(file) as tar:
        part = file.parent / "whole"
        part.write_bytes(tar.extractfile("database").read())  # type: ignore[union-attr]  # it is a file
    archive.decompress(part, plain := file.parent / "plain")
    plain.write_bytes(plain.read_bytes()[: plain.stat().st_size * 3 // 4])
    archive.compress(plain)
    return plain.read_bytes()


def test_what_is_not_committed_yet_neither_holds_it_up_nor_is_in_it(project: Path, tmp_path: Path) -> None:
    make_user("ada")
    with transaction.atomic():
        make_user("ben")
        done = in_a_shell(project, "backup", str(tmp_path / "file"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["manifest"]["users"] == 1
    assert User.objects.count() == 2


# --- keys ---


def test_a_host_with_a_key_of_its_own_is_told_where_the_backups_key_goes(other_host: Host, tmp_path: Path) -> None:
    company()
    run("backup", str(file := tmp_path / "file"))
    own = "0123456789abcdef" * 4
    done = other_host("restore", str(file), "--yes", SECRET_KEY=own)
    handed = tmp_path / "other" / "keys_of_backup.env"
    assert f"Set SECRET_KEY or SECRET_KEY_FALLBACKS as in {handed}" in done.stdout, done.stderr
    assert handed.read_text(encoding="utf-8").startswith(f"SECRET_KEY={settings.SECRET_KEY}\n")
    assert stat.S_IMODE(handed.stat().st_mode) == 0o600
    assert "secrets_unreadable" in attention(other_host, SECRET_KEY=own)
    assert attention(other_host, SECRET_KEY=own, SECRET_KEY_FALLBACKS=settings.SECRET_KEY) == {
        "secrets_under_an_earlier_key"
    }


def test_a_backup_without_keys_says_so(other_host: Host, tmp_path: Path) -> None:
    company()
    file = tmp_path / "file"
    assert "keep that elsewhere" in run("backup", str(file), "--without-keys")
    assert settings.SECRET_KEY.encode() not in file.read_bytes()
    done = other_host("restore", str(file), "--yes")
    assert "set SECRET_KEY to the one that the portal had then" in done.stdout, done.stderr
    assert attention(other_host, SECRET_KEY=settings.SECRET_KEY) == set()


def test_with_a_passphrase_nothing_in_it_can_be_read(other_host: Host, tmp_path: Path) -> None:
    company()
    file = tmp_path / "file"
    assert answer("backup", str(file), "--passphrase", PASSPHRASE)["encrypted"]
    content = file.read_bytes()
    assert not any(word in content for word in (settings.SECRET_KEY.encode(), b"manifest.json", b"secret_key"))
    assert refusal("restore", str(file))[1] == "The backup is encrypted: give its passphrase."
    assert "the passphrase is another one" in refusal("restore", str(file), "--passphrase", "another")[1]
    assert other_host("restore", str(file), "--passphrase", PASSPHRASE, "--yes").returncode == 0
    assert attention(other_host) == set()


@pytest.mark.once
def test_an_encrypted_backup_that_was_changed_or_cut_off_is_refused(tmp_path: Path) -> None:
    make_user("ada")
    run("backup", str(file := tmp_path / "file"), "--passphrase", PASSPHRASE)
    content = file.read_bytes()
    for changed in (content[:-1], content[:-20], content[:200] + b"x" + content[201:], content + b"x"):
        file.write_bytes(changed)
        assert "can't be decrypted" in refusal("restore", str(file), "--passphrase", PASSPHRASE)[1]


# --- what is refused ---


@pytest.mark.once
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"database": b"nothing"}, "This portal has users already"),
        ({"format": "gatehouse-backup/2"}, "a newer release made it"),
        ({"database_": 1}, "This portal has users already"),
        ({"migrations": [["identity", "9999_from_the_future"]], "version": "9.0"}, "identity.9999_from_the_future"),
    ],
)
def test_what_does_not_belong_here_is_refused(saved: Path, changes: dict[str, Any], told: str) -> None:
    code, sentence = refusal("restore", str(forge(saved, **changes)), "--yes")
    assert (code, told in sentence) == (5, True), sentence


def test_a_backup_of_another_database_is_refused(saved: Path) -> None:
    here = json.dumps({"database": connection.vendor})[1:-1].encode()
    other = here.replace(connection.vendor.encode(), b"m" * len(connection.vendor))
    saved.write_bytes(saved.read_bytes().replace(here, other))
    assert "The backup is of mmm" in refusal("restore", str(saved))[1]


@pytest.mark.once
def test_a_damaged_file_is_refused_before_anything_is_touched(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    at = content.index(b"\x1f\x8b")  # the packed database
    for damaged in (b"", b"nonsense", content[: at + 600], content[: at + 99] + b"xyz" + content[at + 102 :]):
        saved.write_bytes(damaged)
        code, sentence = refusal("restore", str(saved), "--replace", "--yes")
        assert (code, "can't be restored" in sentence) == (5, True), sentence
    assert "can't be read" in refusal("restore", str(tmp_path / "missing"))[1]
    assert User.objects.count() == 1


@pytest.mark.once
def test_a_backup_replaces_no_file_and_needs_its_folder(saved: Path, tmp_path: Path) -> None:
    assert refusal("backup", str(saved)) == (5, f"{saved} exists, and a backup replaces no file.")
    assert "There is no directory" in refusal("backup", str(tmp_path / "missing" / "file"))[1]
    folder = tmp_path / "backups"
    folder.mkdir()
    run("backup", str(folder))
    assert [path.name[:10] for path in folder.iterdir()] == ["gatehouse-"]


@pytest.mark.once
def test_tables_of_something_else_are_never_deleted(project: Path, saved: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.sqlite3"
    with closing(sqlite3.connect(theirs)) as other:
        other.execute("CREATE TABLE precious (id integer)")
    done = in_a_shell(project, "restore", str(saved), "--replace", "--yes", DATABASE_URL=f"sqlite:///{theirs}")
    assert (done.returncode, "tables of something else" in done.stderr) == (5, True)


@pytest.mark.once
def test_a_release_with_squashed_migrations_knows_what_they_replace() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = cursor.fetchall()
    assert (schema.unknown(applied), schema.missing(applied)) == ([], 0)
    assert schema.missing([one for one in applied if one != ("sessions", "0001_initial")]) == 1
    assert schema.unknown([("sites_of_old", "0001_initial")]) == []


# --- PostgreSQL's programs ---


@pytest.mark.postgresql
def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgresql, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, sentence = refusal("backup", str(tmp_path / "file"))
    assert (code, "pg_dump of PostgreSQL" in sentence, "postgresql-client-" in sentence) == (5, True, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgresql
def test_an_older_program_than_the_server_is_not_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setattr(postgresql, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '').parent}")
    assert "the newest here is of PostgreSQL 9" in refusal("backup", str(tmp_path / "file"))[1]


@pytest.mark.postgresql
def test_no_password_is_on_a_command_line() -> None:
    assert "password" not in postgresql.conninfo()
    assert "statement_timeout" not in postgresql.conninfo()
