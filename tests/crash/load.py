"""Identity providers at work while something breaks: what was answered, and that it is there afterwards."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread

import httpx

from tests.conformance.portal_process import Portal
from tests.processes import finish
from tests.scim.helpers import user_body

now, pause = time.monotonic, time.sleep

CUT = 0  # the connection broke off


@dataclass
class Journal:
    """Each answer with the time at which it came; the userNames that were acknowledged, and those in doubt."""

    answers: list[tuple[float, int]] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)

    def statuses(self) -> Counter[int]:
        return Counter(status for _, status in self.answers)

    def has_made_since(self, moment: float) -> bool:
        return any(at > moment and status == 201 for at, status in self.answers)


@contextmanager
def providers_at_work(origin: str, token: str, *, writers: int, limit: float = 60) -> Iterator[Journal]:
    """So many connections that make people one after another; what failed is noted, and not tried again."""
    journal, enough = Journal(), Event()
    headers = {"Authorization": f"Bearer {token}"}

    def work(number: int) -> None:
        with httpx.Client(base_url=origin, headers=headers, timeout=limit, trust_env=False) as client:
            for person in count():
                if enough.is_set():
                    return
                make(client, f"ada-{number}-{person}", journal)

    threads = [Thread(target=work, args=(number,), daemon=True) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        enough.set()
        for thread in threads:
            finish(thread, limit + 30)


def make(client: httpx.Client, name: str, journal: Journal) -> None:
    try:
        status = client.post("/scim/v2/Users", json=user_body(name)).status_code
    except httpx.HTTPError:
        status = CUT
    journal.answers.append((time.monotonic(), status))
    if status == 201:
        journal.made.add(name)
    else:
        journal.in_doubt.add(name)
        time.sleep(0.2)


def there(portal: Portal, token: str) -> set[str]:
    """The userNames that the identity provider finds, page by page."""
    found: set[str] = set()
    with httpx.Client(
        base_url=portal.base_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        while True:
            page = client.get("/Users", params={"startIndex": len(found) + 1, "count": 200}).json()
            found |= {user["userName"] for user in page.get("Resources", [])}
            if not page.get("Resources"):
                return found


def seconds_until(holds: Callable[[], bool], *, limit: float) -> float:
    """How long it took, by a look every tenth of a second; fails at the limit."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < limit, f"not within {limit:g} s"
        time.sleep(0.1)
    return time.monotonic() - began


def asked(url: str) -> tuple[int, float]:
    """The status of an answer, and how many seconds it took."""
    began = time.monotonic()
    try:
        status = httpx.get(url, timeout=60, trust_env=False).status_code
    except httpx.HTTPError:
        status = CUT
    return status, time.monotonic() - began
