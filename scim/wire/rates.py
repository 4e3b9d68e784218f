"""How fast one token may call: a token bucket in each process, so that no request costs a statement more.

A loop that runs wild is answered before the database is asked. Keys are digests; only tokens that were good once have
a bucket, so strangers fill no memory.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from django.conf import settings

BURST_SECONDS = 5  # what may come at once after a pause
now = time.monotonic  # seconds
MOST_BUCKETS = 1_000  # the one that was not used for longest goes


@dataclass(slots=True)
class Bucket:
    """What is left for one token of an identity provider."""

    identity_provider_id: int
    token_id: int
    left: float
    at: float


_buckets: OrderedDict[str, Bucket] = OrderedDict()
_lock = Lock()


def take(key: str) -> tuple[Bucket | None, int]:
    """Count a call: the token's bucket, None if it has none yet, and seconds to wait, 0 for a call that may pass."""
    rate = settings.SCIM_REQUESTS_PER_SECOND
    with _lock:
        bucket = _buckets.get(key)
        if bucket is None or not rate:
            return bucket, 0
        _buckets.move_to_end(key)
        moment = now()
        bucket.left = min(rate * BURST_SECONDS, bucket.left + (moment - bucket.at) * rate)
        bucket.at = moment
        if bucket.left < 1:
            return bucket, math.ceil((1 - bucket.left) / rate)
        bucket.left -= 1
        return bucket, 0


def begin(key: str, *, identity_provider_id: int, token_id: int) -> None:
    """A token that is good has a bucket from its first call on."""
    left = settings.SCIM_REQUESTS_PER_SECOND * BURST_SECONDS - 1
    with _lock:
        _buckets.setdefault(key, Bucket(identity_provider_id, token_id, left, now()))
        if len(_buckets) > MOST_BUCKETS:
            _buckets.popitem(last=False)


def end(key: str) -> None:
    """A token that is not good any more."""
    with _lock:
        _buckets.pop(key, None)
