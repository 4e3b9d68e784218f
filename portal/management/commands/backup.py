"""`manage.py backup`: the whole portal in one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.template.defaultfilters import filesizeformat, pluralize

from identity.core.actors import Operator
from portal.backup import whole
from portal.backup.archive import Manifest
from portal.management.answers import Answer
from portal.management.operator_command import OperatorCommand, given_secret


class Command(OperatorCommand):
    help = (
        "Saves the portal in one file, while it runs: its database as it was at one moment, and the keys that open its "
        "secrets. Anyone with the file can read everything, so it is readable by its owner only; with a passphrase it "
        "is encrypted. PostgreSQL needs pg_dump on this host. An existing file is never replaced. See docs/backup.md."
    )
    examples = (
        "manage.py backup /srv/backups\n"
        "manage.py backup gatehouse.backup --json\n"
        "pass show gatehouse/backup | manage.py backup /srv/backups --passphrase -"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the new file, or a directory: then the file is named by the time")
        parser.add_argument("--passphrase", metavar="TEXT", help="encrypts the file; '-' reads it from standard input")
        parser.add_argument(
            "--without-keys", action="store_true", help="leaves out SECRET_KEY, which you then keep elsewhere"
        )

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        file: Path = options["file"]
        if file.is_dir():
            file /= f"gatehouse-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"
        passphrase = given_passphrase(options)
        manifest = whole.make(file, passphrase=passphrase, with_keys=not options["without_keys"])
        size = file.stat().st_size
        text = f"Saved the portal and its {users(manifest)} in {file} ({filesizeformat(size)})."
        if options["without_keys"]:
            text += " It does not open without this portal's SECRET_KEY: keep that elsewhere."
        elif not passphrase:
            text += " Anyone who has it can read everything."
        return Answer({"file": str(file), "bytes": size, "encrypted": bool(passphrase), "manifest": manifest}, text)


def users(manifest: Manifest) -> str:
    return f"{manifest['users']} user{pluralize(manifest['users'])}"


def given_passphrase(options: dict[str, Any]) -> str:
    return given_secret(options["passphrase"]) if options["passphrase"] else ""
