"""`manage.py migrate`: Django's, alone, past a pooler and without holding anybody up (docs/design/migrations.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections

from identity.db.alone import alone
from identity.db.giving_way import LOCK_TIMEOUT, REST, is_held_up
from portal.management.operator_command import exit_code
from portal.project import pooler

PATIENCE = 600.0
HELD = "Others hold what this migration needs"


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-timeout",
            type=float,
            default=LOCK_TIMEOUT,
            metavar="SECONDS",
            help=f"how long a step waits for a lock before it lets others go first (default: {LOCK_TIMEOUT:g})",
        )
        parser.add_argument(
            "--patience",
            type=float,
            default=PATIENCE,
            metavar="SECONDS",
            help=f"for how long it is tried again (default: {PATIENCE:g})",
        )

    def handle(self, *args: Any, **options: Any) -> Any:
        if options["plan"] or options["check_unapplied"]:
            return super().handle(*args, **options)
        connection = connections[options["database"]]
        if pooler.is_there() and not settings.DATABASE_DIRECT_URL:
            raise CommandError("Set DATABASE_DIRECT_URL: migrations need a connection that no pooler takes away.")
        try:
            with pooler.for_migrating(), unhurried(connection), alone(connection, self._waits):
                return self._again_and_again(connection, *args, **options)
        except OperationalError as error:
            from portal.management.no_database import silence  # noqa: PLC0415 - loads all of doctor

            told = silence()
            if told is None:
                raise
            raise CommandError(told.sentence, returncode=exit_code(told)) from error

    def _again_and_again(self, connection: Any, *args: Any, **options: Any) -> Any:
        """Applied migrations stay applied: each try continues from there."""
        until = time.monotonic() + options["patience"]
        while True:
            try:
                _set_timeouts(connection, options["lock_timeout"])
                return super().handle(*args, **options)
            except OperationalError as error:
                if not is_held_up(error):
                    raise
                if time.monotonic() > until:
                    raise CommandError(f"{HELD}, for {options['patience']:g} s.") from error
            self.let_others_go_first()

    def let_others_go_first(self) -> None:
        self.stderr.write(f"{HELD}: trying again …")
        time.sleep(REST)

    def _waits(self) -> None:
        self.stderr.write("Another process migrates this database: waiting for it …")


def _set_timeouts(connection: Any, lock_timeout: float) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {int(lock_timeout * 1000)}")
            cursor.execute("SET statement_timeout = 0")


@contextmanager
def unhurried(connection: Any) -> Iterator[None]:
    """A new connection of its own that waits for long statements; closed afterwards, so that nothing outlasts it."""
    before = connection.settings_dict
    connection.close()
    not_shared = {name: value for name, value in before["OPTIONS"].items() if name != "pool"}
    connection.settings_dict = {**before, "longest": None, "OPTIONS": not_shared}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before
