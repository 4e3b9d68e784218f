"""A thread that does what is due, in a process that serves requests or works off tasks.

It starts after a server has forked, holds no database connection while it waits, and leaves a job to the others
while one of them does it.
"""

from __future__ import annotations

import logging
import os
import random
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone
from django.utils.crypto import get_random_string

from identity.core.errors import Refused
from identity.services import schedule
from identity.services.background import LEASE
from identity.services.schedule import Held, Job
from portal.schedule.jobs import JOBS
from portal.schedule.leases import kept_alive

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 20.0
SECONDS_TO_FINISH = 20.0  # what runs when the process is told to stop; gunicorn waits for 30


class Loop:
    """The thread. `interval` in seconds: how long it waits at most between two looks."""

    def __init__(
        self,
        jobs: Sequence[Job] = JOBS,
        *,
        interval: float = SECONDS_BETWEEN_LOOKS,
        lease: timedelta = LEASE,
    ) -> None:
        self.jobs, self.interval, self.lease = jobs, interval, lease
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Begin nothing more, and wait so long for what runs. What is cut off is done again."""
        self._stopping.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._look()):
            pass

    def _look(self) -> float:
        """Do what is due; the number of seconds to wait."""
        try:
            do_what_is_due(self.jobs, self.lease, until=self._stopping)
            return self._pause(schedule.next_due(self.jobs))
        except DatabaseError as error:
            logger.warning("The schedule waits for the database (%s)", type(error).__name__)
        except Exception:
            logger.exception("The schedule could not be looked at")
        finally:
            connections.close_all()  # those of this thread
        return self.interval

    def _pause(self, due: object) -> float:
        """Not for all processes of all hosts at the same moment."""
        left = (due - timezone.now()).total_seconds() if due else self.interval  # type: ignore[operator]
        return min(max(left, 0.0), self.interval) + random.uniform(0, self.interval / 10)  # noqa: S311


def do_what_is_due(jobs: Sequence[Job] = JOBS, lease: timedelta = LEASE, *, until: Event | None = None) -> int:
    """Each job that is due and that no other process does; how many were done."""
    done = 0
    schedule.prepare(jobs)
    schedule.give_up_dead(jobs)
    while not (until and until.is_set()) and (held := schedule.claim(jobs, holder_name(), lease=lease)):
        perform(held, lease)
        done += 1
    return done


def do_now(job: Job) -> bool:
    """Do this one, due or not; whether it succeeded. Raises Refused while another process does it."""
    schedule.prepare(JOBS)
    schedule.give_up_dead(JOBS)
    held = schedule.claim_now(job, holder_name())
    if held is None:
        raise Refused("Another process does it right now: look at the list of scheduled jobs.", code="running")
    return perform(held)


def perform(held: Held, lease: timedelta = LEASE) -> bool:
    """Do it while a second thread renews the lease; whether it succeeded."""
    with kept_alive(lambda: schedule.renew(held, lease), lease, of=f"scheduled job {held.job.name}"):
        return schedule.perform(held)


def holder_name() -> str:
    """This process and this claim: `web1:4242:kX3v9aQm`."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{get_random_string(8)}"


# --- in a process that serves requests ---


class Startable(Protocol):
    """A thread that works beside requests."""

    def start(self) -> None: ...

    def stop(self, seconds: float | None = None) -> None: ...


class InServer:
    """One in each process, if serving processes do the scheduled work (SCHEDULE)."""

    def __init__(self, make: Callable[[], Startable]) -> None:
        self._make, self._lock = make, Lock()
        self._of_process: tuple[int, Startable] | None = None

    def start(self) -> None:
        if not settings.SCHEDULE or self._is_started():
            return
        with self._lock:
            if not self._is_started():
                self._of_process = os.getpid(), self._make()
                self._of_process[1].start()

    def stop(self) -> None:
        if self._of_process and self._is_started():
            self._of_process[1].stop(SECONDS_TO_FINISH)

    def _is_started(self) -> bool:
        """In this process: threads do not survive a fork."""
        return self._of_process is not None and self._of_process[0] == os.getpid()


_schedule = InServer(Loop)
start_in_server, stop_in_server = _schedule.start, _schedule.stop
