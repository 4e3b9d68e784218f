"""Documents that identity providers publish, cached for all workers and refreshed in good time.

A stale copy still serves while its provider is unreachable, or while another thread fetches: no
sign-in waits for a document the portal already has.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from requests import RequestException

from portal.project.shared_cache import cache
from portal.sso import patience

SECONDS_BETWEEN_REFRESHES = 30
JUST_NOW_SECONDS = 5  # an administrator's test sees the provider's current document


@dataclass(frozen=True, slots=True)
class Published:
    """A document by its URL; `fresh` and `stale` in seconds: how long it is not refetched, and how long it serves.

    `fetch` raises RequestException when it can't be fetched.
    """

    address: str
    fresh: int
    stale: int
    fetch: Callable[[str], Any]

    def read(self) -> Any:
        """Raises RequestException when it can't be fetched and there is no copy."""
        found = cache.get(self._key)
        if found is None:
            return self._fetch()
        value, fetched_at = found
        if time.time() - fetched_at < (JUST_NOW_SECONDS if patience.insists() else self.fresh):
            return value
        return self._renewed(value)

    def _renewed(self, value: Any) -> Any:
        if patience.insists():
            return self._fetch()
        if not self._may_refresh():
            return value
        try:
            return self._fetch()
        except RequestException:
            return value

    def read_anew(self) -> Any:
        """Fetch it, but not twice within half a minute; then None."""
        return self._fetch() if self._may_refresh() else None

    def outdate(self) -> None:
        """Part of it turned out wrong: it is refetched next time, and serves until then."""
        if found := cache.get(self._key):
            cache.set(self._key, (found[0], 0.0), self.stale)

    def _may_refresh(self) -> bool:
        return bool(cache.add(f"{self._key}:asked", 1, SECONDS_BETWEEN_REFRESHES))

    def _fetch(self) -> Any:
        value = self.fetch(self.address)
        cache.set(self._key, (value, time.time()), self.stale)
        return value

    @property
    def _key(self) -> str:
        return f"published:{hashlib.sha256(self.address.encode()).hexdigest()}"
