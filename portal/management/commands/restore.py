"""`manage.py restore`: a portal from its backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from identity.core.actors import Operator
from portal.backup import whole
from portal.management.answers import Answer
from portal.management.commands.backup import given_passphrase, users
from portal.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Puts a backup (`manage.py backup`) in the place of this portal's database and key, all of it or nothing. Stop "
        "the portal and its workers first. The file is checked before anything is touched: its checksums, its kind of "
        "database, and that this release knows its schema. A portal that has users is refused without --replace. "
        "Without --yes nothing is changed. See docs/backup.md."
    )
    examples = (
        "manage.py restore gatehouse.backup\n"
        "manage.py restore gatehouse.backup --yes\n"
        "pass show gatehouse/backup | manage.py restore gatehouse.backup --passphrase - --replace --yes"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--passphrase", metavar="TEXT", help="of the file; '-' reads it from standard input")
        parser.add_argument("--replace", action="store_true", help="deletes the users and all else that is here now")
        parser.add_argument("--yes", action="store_true", help="really do it; without, the file is only checked")

    def act(self, operator: Operator, options: dict[str, Any]) -> Answer:
        really = options["yes"]
        done = whole.restore(
            options["file"], passphrase=given_passphrase(options), replace=options["replace"], really=really
        )
        manifest = done.manifest
        verb = "Restored" if really else "The file is whole and fits here. --yes restores"
        text = f"{verb} the portal and its {users(manifest)} as of {manifest['made_at']}."
        facts = {"dry_run": not really, "manifest": manifest, "migrations": done.migrations, "next": steps(done)}
        return Answer(facts, "\n".join([text, *steps(done)]))


def steps(done: whole.Restored) -> list[str]:
    """What is left to do, in order."""
    left = []
    if done.keys_in:
        left.append(f"Set SECRET_KEY or SECRET_KEY_FALLBACKS as in {done.keys_in}, then delete that file.")
    if done.is_key_missing:
        left.append("The backup has no keys: set SECRET_KEY to the one that the portal had then.")
    if done.migrations:
        left.append(f"Run `manage.py migrate`: {done.migrations} migrations wait.")
    return [*left, "Run `manage.py doctor`."]
