"""Who holds a lease says so while it works: a second thread renews it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

from django.db import Error as DatabaseError
from django.db import connections

logger = logging.getLogger(__name__)

RENEWED = 6  # times before one runs out


@contextmanager
def kept_alive(renew: Callable[[], object], lease: timedelta, *, of: str) -> Iterator[None]:
    """Renew it while the block runs; `of`: what it is on, for the log."""
    done = Event()
    thread = Thread(target=_renew_until, args=(done, renew, lease.total_seconds() / RENEWED, of), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew_until(done: Event, renew: Callable[[], object], seconds: float, of: str) -> None:
    try:
        while not done.wait(seconds):
            try:
                renew()
            except DatabaseError:
                logger.exception("The lease on %s could not be renewed", of)
    finally:
        connections.close_all()  # those of this thread
