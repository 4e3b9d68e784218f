"""Identity providers at work while something breaks: what was answered, and that it is there afterwards."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread
from typing import Any

import httpx

from tests.conformance.portal_process import Portal, manage, of_a_portal, server_command
from tests.processes import finish, held_port, started, wait_until_it_answers
from tests.scim.helpers import user_body

now, pause = time.monotonic, time.sleep

BACK_WITHIN = 30.0  # seconds after what was broken is whole again
CUT = 0  # the connection broke off


@dataclass
class Journal:
    """Each answer with the time at which it came; the userNames that were acknowledged, and those in doubt."""

    answers: list[tuple[float, int]] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)
    slowest: float = 0.0  # of all answers, in seconds

    def statuses(self) -> Counter[int]:
        return Counter(status for _, status in self.answers)

    def has_made_since(self, moment: float) -> bool:
        return any(at > moment and status == 201 for at, status in self.answers)


@contextmanager
def providers_at_work(
    origin: str, token: str, *, writers: int, limit: float = 60, name: str = "ada"
) -> Iterator[Journal]:
    """So many connections that make people one after another; what failed is noted, and not tried again."""
    journal, enough = Journal(), Event()
    headers = {"Authorization": f"Bearer {token}"}

    def work(number: int) -> None:
        with httpx.Client(base_url=origin, headers=headers, timeout=limit, trust_env=False) as client:
            for person in count():
                if enough.is_set():
                    return
                make(client, f"{name}-{number}-{person}", journal)

    threads = [Thread(target=work, args=(number,), daemon=True) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield journal
    finally:
        enough.set()
        for thread in threads:
            finish(thread, limit + 30)


@contextmanager
def under_load(portal: Portal, *, writers: int, people: int = 200) -> Iterator[tuple[str, Journal]]:
    """An identity provider's token, and what its connections do, once they have made more people than that."""
    token = manage(portal.environment, "create_scim_token", "--idp", "Okta")
    with providers_at_work(portal.origin, token, writers=writers) as journal:
        seconds_until(lambda: len(journal.made) > people, limit=120)
        yield token, journal


def make(client: httpx.Client, name: str, journal: Journal) -> None:
    began = time.monotonic()
    status, found = said(client, "POST", "/scim/v2/Users", json=user_body(name))
    journal.answers.append((time.monotonic(), status))
    journal.slowest = max(journal.slowest, time.monotonic() - began)
    if status != 201:
        journal.in_doubt.add(name)
        time.sleep(0.2)
        return
    journal.made.add(name)
    status, _ = said(client, "GET", f"/scim/v2/Users/{found['id']}")
    if status not in {200, 503, CUT}:  # a 404, say: it was just told that this person is there
        journal.answers.append((time.monotonic(), status))


def said(client: httpx.Client, method: str, path: str, **more: Any) -> tuple[int, Any]:
    try:
        answer = client.request(method, path, **more)
    except httpx.HTTPError:
        return CUT, None
    return answer.status_code, answer.json() if answer.is_success else None


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


@contextmanager
def portal_on(database: str, *, threads: int = 16, **more: str) -> Iterator[Portal]:
    """Two workers on this database, which is migrated first; `more` is said to it in its environment."""
    with held_port() as port:
        environment = of_a_portal(database, port) | more
        manage(environment, "migrate", "--verbosity", "0")
        command = [*server_command(port), "--workers", "2", "--threads", str(threads)]
        with started(command, environment=environment, port=port) as server:
            wait_until_it_answers(server, f"{port.origin}/readyz")
            yield Portal(f"{port.origin}/scim/v2", environment, server)


def check(what: str, journal: Journal, found: set[str]) -> None:
    """Tell what was seen; no answer was false, what was acknowledged is there, and what is there was asked for."""
    statuses = journal.statuses()
    sys.stderr.write(
        f"\n{what}; answers {dict(statuses)}; {len(found & journal.in_doubt)} of {len(journal.in_doubt)} in doubt were "
        "done\n"
    )
    assert set(statuses) <= {201, 503, CUT}
    assert journal.made <= found <= journal.made | journal.in_doubt


def health_of(origin: str) -> list[tuple[int, float]]:
    """Readiness as two addresses tell it, with the seconds it took; the process itself lives in any case."""
    found = [asked(f"{origin}/{name}") for name in ("healthz", "readyz")]
    assert asked(f"{origin}/livez")[0] == 200
    return found


def back_after(moment: float, journal: Journal, origin: str) -> float:
    """Seconds until a write of later was acknowledged."""
    back = seconds_until(lambda: journal.has_made_since(moment), limit=BACK_WITHIN)
    seconds_until(lambda: asked(f"{origin}/readyz")[0] == 200, limit=BACK_WITHIN)
    pause(3)
    return back


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
