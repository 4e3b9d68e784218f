"""`manage.py backup` and `manage.py restore`: the same portal on another host, all of it or nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

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
from tests.portal.other_hosts import BEFORE_THE_KEY, IN_THE_MIDDLE, Done, Host, empty_database
from tests.portal.shell import answer, in_a_shell, refusal, run, url_of_this_database
from tests.postgres import wheel_binaries
from tests.scim.helpers import user_body

pytestmark = pytest.mark.django_db(transaction=True)

TRAFFIC = "tests/scim/idp_traffic/okta__provision-user.json"
PASSPHRASE = "correct horse battery staple"
HERE = "https://127.0.0.1:1"  # a certificate is not looked for far away


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the server of this run."""
    if connection.vendor == "postgresql":
        monkeypatch.setenv("PATH", f"{wheel_binaries()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def other_host(project: Path, tmp_path: Path) -> Iterator[Host]:
    """An empty one: a folder and a database of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    with empty_database(tmp_path) as url:
        yield Host(
            project, {"DATA_DIR": str(folder), "DATABASE_URL": url, "PUBLIC_URL": HERE, "EMAIL_URL": "memorymail://"}
        )


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
    return wanting(host("doctor", "--json", **environment))


def wanting(doctor: Done) -> set[str]:
    found = json.loads(doctor.stdout)["findings"]
    return {one["check"] for one in found if one["mend"]} - {"durability"}  # tests' servers don't sync


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
    doctor, people, played = other_host.all("doctor --json", "export_users", f"replay --idp Okta {TRAFFIC} --yes")
    assert wanting(doctor) == set()
    assert people.stdout.splitlines() == run("export_users").splitlines()
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
    forged = forge(later, database=broken_database(later))
    refused, broken, still = other_host.all(
        f"restore {later} --yes --json", f"restore {forged} --replace --yes", "list_users"
    )
    assert refused.returncode == 5
    assert json.loads(refused.stderr)["error"]["code"] == "portal_not_empty"
    assert (broken.returncode, "Traceback" in broken.stderr) == (5, False), broken.stderr
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["secret_key", "static"]
    assert "ada" in still.stdout
    replaced, listed = other_host.all(f"restore {later} --replace --yes", "list_users")
    assert replaced.returncode == 0, replaced.stderr
    assert ("ada" in listed.stdout, "ben" in listed.stdout) == (False, True)


def test_killed_it_is_done_again_and_what_it_left_is_told_or_goes(other_host: Host, tmp_path: Path) -> None:
    """In the middle of the database nothing was changed; before the key is in its place secrets can't be opened."""
    company()
    run("backup", str(file := tmp_path / "file"))
    other_host.killed(IN_THE_MIDDLE[connection.vendor], "restore", str(file), "--yes")
    left = set((tmp_path / "other").glob(f"{archive.WORKSHOP}*"))
    assert left
    other_host.killed(BEFORE_THE_KEY, "restore", str(file), "--yes")  # without --replace: the portal is empty
    assert not any(path.exists() for path in left)
    told, done = other_host.all("doctor --json", f"restore {file} --replace --yes")
    assert "secrets_unreadable" in wanting(told)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["secret_key", "static"]
    assert attention(other_host) == set()


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
@pytest.mark.parametrize("table", ["identity_user", "identity_auditevent"])
def test_a_table_that_stays_locked_is_waited_for_and_then_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, table: str
) -> None:
    monkeypatch.setattr(postgresql, "SECONDS_FOR_LOCKS", 0.3)
    with psycopg.connect(url_of_this_database()) as migration:
        migration.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        code, sentence = refusal("backup", str(file := tmp_path / "file"))
        assert (code, sentence) == (5, postgresql.LOCKED)
        assert list(tmp_path.iterdir()) == []
        migration.rollback()
        run("backup", str(file))


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
