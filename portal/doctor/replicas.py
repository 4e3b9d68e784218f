"""The replica: does it follow this primary, closely enough to be read?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.conf import settings
from django.db import Error as DatabaseError

from identity.db import following, replica
from portal.doctor.findings import Finding

ASKS_EVERY = 0.2  # seconds


def examine() -> Iterator[Finding]:
    if replica.is_there():
        yield follows()


def follows() -> Finding:
    """It has as long as it may be behind to get what the primary has now."""
    try:
        until = time.monotonic() + settings.DATABASE_REPLICA_LAG
        while (lag := following.measured()).bytes and time.monotonic() < until:
            time.sleep(ASKS_EVERY)
    except following.NoReplica as error:
        return Finding(
            "replica",
            f"The replica can't be read, since {error}: the primary is.",
            "Set DATABASE_REPLICA_URL to a standby of DATABASE_URL's server, and take it out where there is none.",
        )
    except DatabaseError as error:
        return Finding(
            "replica",
            f"The replica does not answer ({type(error).__name__}: {str(error).strip()}): the primary is read.",
            "Start it, or set DATABASE_REPLICA_URL to where it is.",
        )
    if lag.bytes:
        return Finding(
            "replica",
            f"The replica is behind by {lag.bytes:,} bytes and {lag.seconds:.0f} seconds: the primary is read.",
            "See pg_stat_replication at the primary: is its replay paused, its disk or its network slow?",
        )
    return Finding("replica", "The replica has all that the primary has.")
