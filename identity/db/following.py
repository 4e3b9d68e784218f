"""Whether the replica is current enough for a read: it has the reader's own writes, and lags no more than allowed.

Places in PostgreSQL's log (LSN) are compared, never clocks of two hosts: the primary says where its log is and where it
was when this reader last wrote, the replica how far it has come. What the primary said is remembered with the time, so
"not more than five seconds behind" means: it has all that the primary had at some moment of the last five seconds.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError

from identity.core import serving

logger = logging.getLogger(__name__)

REPLICA = "replica"

TO_ANSWER = 1.0  # seconds
AWAY, BEHIND = 5.0, 1.0  # seconds before a replica that failed, or lags too much, is asked again
SAMPLES = 50  # of the time that a replica may be behind
CATCHING_UP = (0.002, 0.005, 0.015)  # seconds between looks at one that is nearly there

# The first column is the same on a primary and its standbys only.
_PRIMARY = """
    SELECT system_identifier || ' ' || current_database(), pg_current_wal_lsn(),
           (SELECT value FROM shared_cache WHERE cache_key = %s AND expires > clock_timestamp())
      FROM pg_control_system()"""
_FOLLOWS = """
    SELECT system_identifier || ' ' || current_database(), pg_is_in_recovery(), pg_last_wal_replay_lsn()
      FROM pg_control_system()"""
# Not waiting for the disk is safe: if a crash loses it, the bound on the replica's lag still holds.
_REMEMBER = """
    WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO shared_cache AS known (cache_key, value, expires)
    SELECT %s, pg_current_wal_lsn()::text, clock_timestamp() + make_interval(secs => %s) FROM quick
        ON CONFLICT (cache_key) DO UPDATE SET expires = EXCLUDED.expires, value = CASE
           WHEN known.expires < clock_timestamp() THEN EXCLUDED.value
           ELSE GREATEST(known.value::pg_lsn, EXCLUDED.value::pg_lsn)::text END"""
_LAG = """
    SELECT pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()),
           extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"""


class Outcome(Enum):
    """Where reads go, and why not to the replica."""

    REPLICA = "replica"
    OWN_WRITE = "own_write"  # the reader's last write has not arrived there
    BEHIND = "behind"
    AWAY = "away"


class NoReplica(Exception):
    """It answers, but follows no primary, or another one."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What a replica must have to be read: to be one of this database, and places in the log."""

    which: str
    oldest: int  # where the primary was as long ago as a replica may be behind
    written: int = 0  # after the reader's last write


@dataclass(frozen=True, slots=True)
class Lag:
    """`bytes` of the log, and since when by the clocks of both hosts; nothing when there is nothing to come."""

    bytes: int
    seconds: float


class Follower:
    """What a process knows of the replica."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._samples: deque[tuple[float, int]] = deque()  # when at least the primary's log was there
        self._again_at = float("-inf")
        self._found = Outcome.REPLICA

    def decide(self) -> Outcome:
        """For one who reads now."""
        if not self._may_be_asked():
            return self._found
        try:
            needed = self._needed()
        except DatabaseError:
            return Outcome.AWAY  # it is the primary that is away: the read itself will fail
        try:
            place = _caught_up(needed.which, max(needed.oldest, needed.written))
        except (DatabaseError, NoReplica) as error:
            self.failed(error)
            return Outcome.AWAY
        if place < needed.oldest:
            return self._rest(BEHIND, Outcome.BEHIND)
        self._rest(0, Outcome.REPLICA)
        return Outcome.REPLICA if place >= needed.written else Outcome.OWN_WRITE

    def failed(self, error: BaseException | None = None) -> None:
        """Don't ask it again for a while."""
        if self._found is not Outcome.AWAY:
            logger.warning("The replica can't be read, so the primary is: %s", str(error).strip())
        self._rest(AWAY, Outcome.AWAY)

    def _rest(self, seconds: float, outcome: Outcome) -> Outcome:
        self._again_at, self._found = time.monotonic() + seconds, outcome
        return outcome

    def _may_be_asked(self) -> bool:
        """After a failure, one request at a time checks whether the replica is back."""
        with self._lock:
            now = time.monotonic()
            if now < self._again_at:
                return False
            if self._found is Outcome.AWAY:
                self._again_at = now + AWAY
            return True

    def _needed(self) -> Needed:
        asked = time.monotonic()
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(_PRIMARY, [_key()])
            which, now, written = cursor.fetchone()
        longest = settings.DATABASE_REPLICA_LAG
        with self._lock:
            if not self._samples or asked - self._samples[-1][0] >= longest / SAMPLES:
                self._samples.append((asked, place_of(now)))
            while self._samples[0][0] < asked - longest:
                self._samples.popleft()
            return Needed(which, self._samples[0][1], place_of(written) if written else 0)


follower = Follower()


def remember_write() -> None:
    """Keep the log position after a write by the caller; their reads on every host look at it."""
    if not (key := _key()):
        return
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(_REMEMBER, [key, settings.DATABASE_REPLICA_LAG + 60])
    except DatabaseError as error:  # what was written is written, and is answered
        follower.failed(error)


def _key() -> str:
    """One for each account, whatever its token; one for each identity provider, for all its tokens."""
    served = serving.current()
    if served and served.identity_provider_id is not None:
        return f"written:identity_provider:{served.identity_provider_id}"
    if served and served.user_id is not None:
        return f"written:user:{served.user_id}"
    return ""


def _caught_up(which: str, needed: int) -> int:
    """The replica's position; it is given a moment to reach the one needed."""
    place = _place(which)
    for pause in CATCHING_UP:
        if place >= needed:
            break
        time.sleep(pause)
        place = _place(which)
    return place


def _place(which: str) -> int:
    """Raises NoReplica or a database error, but retries on connections that a restart of the server has broken."""
    wrapper: Any = connections[REPLICA]
    until = time.monotonic() + TO_ANSWER
    while True:
        may_be_old = wrapper.pool or wrapper.connection is not None
        try:
            return _asked(wrapper, which)
        except DatabaseError:
            wrapper.close()
            if not may_be_old or time.monotonic() > until:
                raise


def _asked(wrapper: Any, which: str) -> int:
    with wrapper.promptly(TO_ANSWER), wrapper.cursor() as cursor:
        cursor.execute(_FOLLOWS)
        found, follows, place = cursor.fetchone()
    if not follows or place is None or found != which:
        wrapper.close()  # of several hosts another one may be a standby
        raise NoReplica("it takes writes" if not follows else "it is a copy of another database")
    return place_of(place)


def place_of(lsn: str) -> int:
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


def measured() -> Lag:
    """Raises NoReplica, or an error of the database."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_PRIMARY, [""])
        which, now, _ = cursor.fetchone()
    if _caught_up(which, place_of(now)) >= place_of(now):
        return Lag(0, 0.0)
    wrapper: Any = connections[REPLICA]
    with wrapper.promptly(TO_ANSWER), wrapper.cursor() as cursor:
        cursor.execute(_LAG, [now])
        behind, seconds = cursor.fetchone()
    return Lag(max(int(behind), 0), max(float(seconds or 0), 0.0))
