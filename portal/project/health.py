"""Health checks, for load balancers and process managers. They tell strangers yes or no, and the log why."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from identity.db import readiness
from identity.services import background
from portal.project import probes
from portal.project.unstored import RETRY_AFTER_SECONDS

logger = logging.getLogger(__name__)

ROOM = 32 * 1024 * 1024  # bytes that SQLite's disk must have left


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all: who restarts it when it does not need not know of the database."""
    return _answer("ok", is_well=True)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503."""
    try:
        with readiness.in_time():
            readiness.try_to_read()
    except DatabaseError as error:
        logger.warning("The database does not answer: %s", type(error).__name__)
        return _answer("database unavailable", is_well=False)
    return _answer("ok", is_well=True)


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served here, else 503."""
    is_ready = not probes.is_leaving() and ready.is_given()
    return _answer("ready" if is_ready else "not ready", is_well=is_ready)


def _answer(word: str, *, is_well: bool) -> HttpResponse:
    headers = {} if is_well else {"Retry-After": RETRY_AFTER_SECONDS}
    return HttpResponse(f"{word}\n", status=200 if is_well else 503, content_type="text/plain", headers=headers)


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """What is not as it should be; `hinders`: so that requests should not come here."""

    sentence: str
    hinders: bool = True


class Readiness:
    """What was found a moment ago, for all who ask meanwhile: a check writes, and strangers may ask as they like."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: list[HealthProblem] = []
        self._at = float("-inf")
        self.is_migrated = False

    def is_given(self) -> bool:
        with self._lock:
            if time.monotonic() - self._at > settings.READINESS_SECONDS:
                found = list(self._examine())
                self._tell(found)
                self._found, self._at = found, time.monotonic()
            return not any(finding.hinders for finding in self._found)

    def _tell(self, found: list[HealthProblem]) -> None:
        """Once for each change."""
        if found == self._found:
            return
        for finding in found:
            logger.log(logging.ERROR if finding.hinders else logging.WARNING, "Readiness: %s", finding.sentence)
        if not found:
            logger.warning("Readiness: all is well again.")

    def _examine(self) -> Iterator[HealthProblem]:
        try:
            with readiness.in_time():
                yield from self._of_the_database()
        except DatabaseError as error:
            yield HealthProblem(f"The database does not answer ({type(error).__name__}).")
        if connection.vendor == "sqlite" and _room() < ROOM:
            yield HealthProblem("The disk of the database is full.")

    def _of_the_database(self) -> Iterator[HealthProblem]:
        # Asked until it is so: no migration of this version is taken back while it runs.
        self.is_migrated = self.is_migrated or readiness.waiting_migrations() == 0
        if not self.is_migrated:
            yield HealthProblem("Migrations wait to be applied: `manage.py migrate`.")
            return
        try:
            readiness.try_to_write()
        except DatabaseError as error:
            yield HealthProblem(f"The database takes no writes ({type(error.__cause__ or error).__name__}).")
            return
        if background.is_stuck():
            # To send all people away would not send a mail.
            yield HealthProblem("Queued tasks have waited for long: is `make worker` running?", hinders=False)


def _room() -> int:
    """Bytes that are left on the disk of SQLite's file; PostgreSQL's disk is tried with each write."""
    return shutil.disk_usage(Path(str(connection.settings_dict["NAME"])).parent).free


ready = Readiness()
