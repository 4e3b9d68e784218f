"""What the server says when it starts."""

from __future__ import annotations

import logging
from typing import Any

from django.db import Error as DatabaseError
from django.db import connections

from identity.db import readiness
from portal.project import health

logger = logging.getLogger(__name__)


def tell_of_waiting_migrations() -> None:
    """/readyz stays 503 meanwhile; the log of a host that gets no requests says why."""
    try:
        with readiness.in_time():
            waiting = readiness.waiting_migrations()
    except DatabaseError as error:
        logger.warning("The database does not answer at the start (%s).", type(error).__name__)
        return
    finally:
        _leave_nothing_open()
    health.ready.is_migrated = not waiting  # the workers need not find out again, each by itself
    if waiting:
        logger.error(
            "%s of this release's migrations wait to be applied: run `manage.py migrate`. Until then this host is not "
            "ready.",
            waiting,
        )


def _leave_nothing_open() -> None:
    """The workers make their own connections and pools: two processes that share one read each other's answers."""
    wrapper: Any
    for wrapper in connections.all(initialized_only=True):
        wrapper.close()
        if hasattr(wrapper, "close_pool"):
            wrapper.close_pool()
